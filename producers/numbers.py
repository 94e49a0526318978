"""Columns of numbers as JSON values.

Text may have space around it; an empty cell, and one that says NaN, NA or null, is None.
"""

import pyarrow as pa
import pyarrow.compute as pc

from producers.chunks import Column
from producers.columns import CellError, first, is_numeric, plain, without_nan

_NO_NUMBER = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
_EXACT = 2**53  # a double holds every integer up to it


def numbers(column: Column) -> list[float | None]:
    """Finite doubles; text is parsed to the nearest one.

    Raises:
        CellError: a cell is no number, or not finite.
    """
    return list(doubles(column).to_pylist())


def doubles(column: Column) -> Column:
    """As `numbers`, but left as a column."""
    column = plain(column)
    if pa.types.is_string(column.type):
        column = _parsed(column)
    elif not is_numeric(column.type):
        raise CellError(first(column.is_valid()), "is no number")
    column = without_nan(column.cast(pa.float64(), safe=False))
    endless = pc.is_inf(column)
    if pc.any(endless).as_py():
        raise CellError(first(endless), "is not finite")
    return column


def integers(column: Column) -> list[int | None]:
    """Integers; `5.0` is one, because a column of integers with a gap is often written so.

    Raises:
        CellError: a cell is no number, or has a fraction.
    """
    column = plain(column)
    if pa.types.is_integer(column.type):
        return list(column.to_pylist())
    if pa.types.is_string(column.type):
        try:
            return list(_trimmed(column).cast(pa.int64()).to_pylist())
        except pa.ArrowInvalid:
            pass  # a fraction, or no number: the doubles tell
    return [_whole(position, value) for position, value in enumerate(numbers(column))]


def _parsed(column: Column) -> Column:
    """Text as doubles, all at once; where that fails, the first cell that is no number is named."""
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        column = _trimmed(column)
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        raise CellError(_first_unparsed(column), "is no number") from None


def _first_unparsed(column: Column) -> int:
    """The first cell that is no number: halves the column that has one until it is a single cell."""
    if len(column) == 1:
        return 0
    half = len(column) // 2
    try:
        column[:half].cast(pa.float64())
    except pa.ArrowInvalid:
        return _first_unparsed(column[:half])
    return half + _first_unparsed(column[half:])


def _trimmed(column: Column) -> Column:
    """Text without the space around it, null where it stands for no number."""
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(column, value_set=pa.array(_NO_NUMBER)), None, column)


def _whole(position: int, value: float | None) -> int | None:
    if value is None:
        return None
    if not value.is_integer() or abs(value) > _EXACT:
        raise CellError(position, "is no integer")
    return int(value)
