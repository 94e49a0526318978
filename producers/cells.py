"""Cells as JSON values: what a column of text or of typed values says, by the type that the schema gives.

Each function takes a column (`pyarrow.Array`) and returns a list of its length, None where a cell is empty.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from events.schema import Feature
from producers.chunks import Column
from producers.columns import CellError, first, is_list_of_numbers, plain, without_nan
from producers.numbers import integers, numbers

_BOOLEANS: dict[str | None, bool | None] = {
    None: None,
    **dict.fromkeys(("true", "True", "TRUE", "1", "1.0"), True),
    **dict.fromkeys(("false", "False", "FALSE", "0", "0.0"), False),
}
_list_of_numbers = msgspec.json.Decoder(list[float])


def reader(feature: Feature) -> Callable[[Column], list[Any]]:
    """The function that reads a feature's column."""
    if feature.shape:
        return partial(arrays, length=feature.shape[0])
    readers: dict[str, Callable[[Column], list[Any]]] = {
        "number": numbers,
        "integer": integers,
        "boolean": booleans,
        "category": texts,
    }
    return readers[feature.type]


def booleans(column: Column) -> list[bool | None]:
    """true and false, also written True, TRUE, 1 or 1.0.

    Raises:
        CellError: a cell is something else.
    """
    values = texts(column)
    try:
        return [_BOOLEANS[value] for value in values]
    except KeyError:
        position = next(i for i, value in enumerate(values) if value not in _BOOLEANS)
        raise CellError(position, "is neither true nor false") from None


def texts(column: Column) -> list[str | None]:
    """Text as it is; a typed value as it is commonly written: `1`, `2.5`, `true`, `2024-01-01`.

    Raises:
        CellError: the column holds lists, structures or bytes.
    """
    column = _textual(plain(column))
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    values: list[str | None] = column.to_pylist()
    return values


def different(column: Column) -> list[str | None]:
    """As `texts`, but each text once, in the order of their first coming."""
    return texts(pc.unique(_textual(plain(column))))


def arrays(column: Column, length: int) -> list[list[float] | None]:
    """Lists of `length` finite doubles; see `lists`.

    Raises:
        CellError: a cell is no such list, or has another length.
    """
    values = lists(column)
    for position, value in enumerate(values):
        if value is not None and len(value) != length:
            raise CellError(position, f"has {len(value)} numbers, not {length}")
    return values


def lists(column: Column) -> list[list[float] | None]:
    """Lists of finite doubles, from JSON text such as `[0.1, 0.2]` or a column of lists.

    Raises:
        CellError: a cell is no such list.
    """
    column = plain(column)
    if pa.types.is_string(column.type):
        return [_decoded(position, text) for position, text in enumerate(column.to_pylist())]
    if not is_list_of_numbers(column.type):
        raise CellError(first(column.is_valid()), "is no list of numbers")
    column = column.cast(pa.list_(pa.float64()))
    values: list[list[float] | None] = column.to_pylist()
    if not pc.all(pc.is_finite(column.flatten().fill_null(math.nan))).as_py():
        position = next(i for i, value in enumerate(values) if not _finite(value))
        raise CellError(position, "holds something that is no finite number")
    return values


def _textual(column: Column) -> Column:
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        raise CellError(first(column.is_valid()), "is no text")
    return without_nan(column) if pa.types.is_floating(column.type) else column


def _decoded(position: int, text: str | None) -> list[float] | None:
    if text is None or not text.strip():
        return None
    try:
        return _list_of_numbers.decode(text)
    except msgspec.DecodeError:
        raise CellError(position, "is no JSON list of numbers, such as [0.1, 0.2]") from None


def _finite(value: list[float] | None) -> bool:
    return value is None or all(item is not None and math.isfinite(item) for item in value)
