"""Which of Arrow's many kinds of column it is, and which cell of it cannot be used."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from producers.chunks import Column


class CellError(ValueError):
    """A cell is not of its type: its position in the column, and what is wrong with it."""

    def __init__(self, position: int, what: str) -> None:
        self.position = position
        self.what = what
        super().__init__(f"cell {position}: {what}")


def plain(column: Column) -> Column:
    """`column` without dictionary encoding, with one kind of text; one that is all null becomes text."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        kind = pa.string()
    return column if kind == column.type else column.cast(kind)


def without_nan(column: Column) -> Column:
    """A column of doubles with null for NaN: both say that nothing is known."""
    return pc.if_else(pc.is_nan(column), None, column)


def first(mask: Column) -> int:
    """The position of the first true."""
    return int(pc.index(mask, pa.scalar(value=True)).as_py())


def is_numeric(kind: Any) -> bool:
    """Whether values of this type are numbers; booleans are not."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_list_of_numbers(kind: Any) -> bool:
    """Whether values of this type are lists of numbers, of one length or not."""
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists) and is_numeric(kind.value_type)
