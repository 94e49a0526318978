"""Rows as the stream's schema sees them: JSON values by feature, and labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from events.errors import ScoreloopError
from events.settings import Settings
from producers.cells import reader
from producers.chunks import Chunk, Column
from producers.columns import CellError
from producers.labels import label_column, label_reader
from producers.rows import Rows

Reader = Callable[[Column], list[Any]]
Broken = dict[int, str]
"""Number of a row → what is wrong with the first cell of it that is not of its type."""


@dataclass(frozen=True, slots=True)
class TypedChunk:
    """Consecutive rows; `first` is the number of the first one, counted from 0 in the file.

    `features` has a list of JSON values for each feature, in the schema's order; `labels` a class or a number
    for each row. None is an empty cell. `incomplete` are the positions of rows that lack a feature which
    is not nullable: a scorer refuses such an event.
    """

    first: int
    features: dict[str, list[Any]]
    labels: list[Any]
    incomplete: frozenset[int]

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The features' values row by row, in the schema's order."""
        return zip(*self.features.values(), strict=True)


def typed(
    settings: Settings, rows: Rows, *, with_labels: bool = True, broken: Broken | None = None
) -> Iterator[TypedChunk]:
    """`rows` by the schema of `settings`. Columns are checked here and now, cells as they are read.

    Without labels each label is None, and the file needs no column for it. With `broken` a cell that is not
    of its type is None, and its row is noted there.

    Raises:
        ScoreloopError: a feature's or the label's column is missing, or a cell is not of its type and
            `broken` is not given; the sentence names file, row, column and value.
    """
    if missing := [name for name in settings.features if name not in rows.columns]:
        raise ScoreloopError(
            f"{rows.name}: has no column {', '.join(map(repr, missing))}, which [features] names; "
            f"there are {', '.join(rows.columns)}"
        )
    label = label_column(settings, rows) if with_labels else None
    return _typed(settings, rows, label, broken)


def _typed(settings: Settings, rows: Rows, label: str | None, broken: Broken | None) -> Iterator[TypedChunk]:
    readers: dict[str, Reader] = {name: reader(spec) for name, spec in settings.features.items()}
    required = [name for name, spec in settings.features.items() if not spec.nullable]
    read_labels = label_reader(settings)
    for chunk in rows.chunks():
        features = {name: _read(rows, chunk, name, read, broken) for name, read in readers.items()}
        labels = [None] * len(chunk) if label is None else _read(rows, chunk, label, read_labels, broken)
        yield TypedChunk(chunk.first, features, labels, _gaps(features[name] for name in required))


def _read(rows: Rows, chunk: Chunk, name: str, read: Reader, broken: Broken | None) -> list[Any]:
    return list(_parts(rows, chunk.first, name, chunk.column(name), read, broken))


def _parts(
    rows: Rows, begin: int, name: str, column: Column, read: Reader, broken: Broken | None
) -> Iterator[Any]:
    """A column's cells, the first is of row `begin`; where one is bad it is halved until that is alone."""
    try:
        yield from read(column)
    except CellError as error:
        value = _shortened(repr(column[error.position].as_py()))
        at = f"{rows.name}: row {begin + error.position} (the first is row 0), column {name!r}"
        if broken is None:
            raise ScoreloopError(f"{at}: {value} {error.what}") from None
        if len(column) == 1:
            broken.setdefault(begin, f"{at}: {value} {error.what}")
            yield None
            return
        half = len(column) // 2
        yield from _parts(rows, begin, name, column[:half], read, broken)
        yield from _parts(rows, begin + half, name, column[half:], read, broken)


def _gaps(columns: Iterator[list[Any]]) -> frozenset[int]:
    return frozenset(
        position
        for values in columns
        if None in values
        for position, value in enumerate(values)
        if value is None
    )


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
