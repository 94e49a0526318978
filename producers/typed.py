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


def typed(settings: Settings, rows: Rows, *, with_labels: bool = True) -> Iterator[TypedChunk]:
    """`rows` by the schema of `settings`. Columns are checked here and now, cells as they are read.

    Without labels each label is None, and the file needs no column for it.

    Raises:
        ScoreloopError: a feature's or the label's column is missing, or a cell is not of its type; the
            sentence names file, row, column and value.
    """
    if missing := [name for name in settings.features if name not in rows.columns]:
        raise ScoreloopError(
            f"{rows.name}: has no column {', '.join(map(repr, missing))}, which [features] names; "
            f"there are {', '.join(rows.columns)}"
        )
    label = label_column(settings, rows) if with_labels else None
    return _typed(settings, rows, label)


def _typed(settings: Settings, rows: Rows, label: str | None) -> Iterator[TypedChunk]:
    readers: dict[str, Reader] = {name: reader(spec) for name, spec in settings.features.items()}
    required = [name for name, spec in settings.features.items() if not spec.nullable]
    read_labels = label_reader(settings)
    for chunk in rows.chunks():
        features = {name: _read(rows, chunk, name, read) for name, read in readers.items()}
        labels = [None] * len(chunk) if label is None else _read(rows, chunk, label, read_labels)
        yield TypedChunk(chunk.first, features, labels, _gaps(features[name] for name in required))


def _read(rows: Rows, chunk: Chunk, name: str, read: Reader) -> list[Any]:
    column = chunk.column(name)
    try:
        return read(column)
    except CellError as error:
        value = column[error.position].as_py()
        raise ScoreloopError(
            f"{rows.name}: row {chunk.first + error.position} (the first is row 0), column {name!r}: "
            f"{_shortened(repr(value))} {error.what}"
        ) from None


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
