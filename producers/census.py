"""What a column turns out to hold, seen chunk by chunk."""

from typing import Literal

import pyarrow as pa

from producers.cells import different, lists
from producers.chunks import Column
from producers.columns import CellError, plain
from producers.numbers import doubles

Kind = Literal["boolean", "number", "array", "category"]

MOST_TEXTS = 10_000
"""How many different texts are remembered."""

_MOST_NUMBERS = 65_536  # what the schema allows an array
_TRUTHS = {None, "true", "True", "TRUE", "false", "False", "FALSE"}


class Census:
    """A column's rows, its different texts in the order of their first coming, and what it could be.

    A kind is ruled out by the first cell that contradicts it: "boolean" is the words true and false, "number"
    any finite number, "array" a list of as many numbers in every cell, "category" any text. With `typed` the
    columns have types of their own, and text is never read as something else.
    """

    def __init__(self, *, typed: bool) -> None:
        self._typed = typed
        self._empty: dict[Kind, int] = {"boolean": 0, "number": 0, "array": 0, "category": 0}
        self.rows = 0
        self.length = 0
        """How many numbers each array has."""
        self.seen: dict[str, None] | None = {}
        """None when there are more than `MOST_TEXTS`."""

    def add(self, column: Column) -> None:
        """Look at more of the column."""
        self.rows += len(column)
        if self._typed and pa.types.is_string(plain(column).type):
            self._empty = {kind: empty for kind, empty in self._empty.items() if kind == "category"}
        for kind in list(self._empty):
            try:
                self._empty[kind] += self._look(kind, column)
            except CellError:
                del self._empty[kind]

    @property
    def kind(self) -> Kind | None:
        """The narrowest kind that every cell agrees with; None when there is none, or every cell is empty."""
        kind = next(iter(self._empty), None)
        return None if kind is None or self._empty[kind] == self.rows else kind

    @property
    def all_empty(self) -> bool:
        """Whether no cell holds anything."""
        return self.rows in self._empty.values()

    @property
    def empty(self) -> int:
        """How many cells are empty, as a column of its kind is read."""
        return next(iter(self._empty.values()), 0)

    def _look(self, kind: Kind, column: Column) -> int:
        """How many cells are empty in a column of this `kind`.

        Raises:
            CellError: it is of another kind.
        """
        match kind:
            case "boolean":
                return _truths(column)
            case "number":
                return int(doubles(column).null_count)
            case "array":
                return self._arrays(column)
            case "category":
                return self._texts(column)

    def _arrays(self, column: Column) -> int:
        values = lists(column)
        lengths = {len(value) for value in values if value is not None} | ({self.length} - {0})
        if len(lengths) > 1 or not all(0 < length <= _MOST_NUMBERS for length in lengths):
            raise CellError(0, "has another length")
        self.length = max(lengths, default=0)
        return values.count(None)

    def _texts(self, column: Column) -> int:
        if self.seen is not None:
            self.seen.update((text, None) for text in different(column) if text is not None)
        if self.seen is not None and len(self.seen) > MOST_TEXTS:
            self.seen = None
        return int(column.null_count)


def _truths(column: Column) -> int:
    if not set(different(column)) <= _TRUTHS:
        raise CellError(0, "is neither true nor false")
    return int(column.null_count)
