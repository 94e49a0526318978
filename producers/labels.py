"""The label's column in a file, and its cells as the labels that the stream knows."""

from collections.abc import Callable
from typing import Any

from events.errors import ScoreloopError
from events.schema import Label, label_key
from events.settings import Settings
from producers.cells import texts
from producers.chunks import Column
from producers.columns import CellError
from producers.numbers import numbers
from producers.rows import Rows

USUAL_COLUMN = "label"


def label_column(settings: Settings, rows: Rows) -> str:
    """The column that holds the label: the one that is set, one called `label`, or the only one left.

    Raises:
        ScoreloopError: there is none, or more than one that could be it.
    """
    if (column := settings.labels.column) is not None:
        if column in rows.columns:
            return column
        raise ScoreloopError(
            f"{rows.name}: has no column {column!r}, which `column` under [labels] names; "
            f"there are {', '.join(rows.columns)}"
        )
    others = [column for column in rows.columns if column not in settings.features]
    if USUAL_COLUMN in others or len(others) == 1:
        return USUAL_COLUMN if USUAL_COLUMN in others else others[0]
    candidates = f"it could be {', '.join(others)}" if others else "every column is a feature"
    raise ScoreloopError(f"{rows.name}: which column is the label? {candidates}; set `column` under [labels]")


def label_reader(settings: Settings) -> Callable[[Column], list[Any]]:
    """The function that reads the label's column: classes by their text, or finite numbers.

    It returns None for an empty cell, and raises CellError for one that is no label of the stream.
    """
    return _ClassReader(settings.classes) if settings.task == "classification" else numbers


class _ClassReader:
    """Cells as classes. The class 1 is written `1` or `1.0`, true `true` or `True`, text as it is."""

    def __init__(self, classes: tuple[Label, ...]) -> None:
        self._classes = classes
        self._known: dict[str | None, Label | None] = {None: None}

    def __call__(self, column: Column) -> list[Label | None]:
        cells = texts(column)
        for position, text in enumerate(cells):
            if text not in self._known:
                self._known[text] = self._class_of(position, text or "")
        return [self._known[text] for text in cells]

    def _class_of(self, position: int, text: str) -> Label:
        """The class that is written exactly so, else the one that means the same."""
        for alike in (_is_key, _means):
            for label in self._classes:
                if alike(label, text):
                    return label
        named = ", ".join(label_key(label) for label in self._classes)
        raise CellError(position, f"is none of the classes {named:.200}")


def _is_key(label: Label, text: str) -> bool:
    return label_key(label) == text


def _means(label: Label, text: str) -> bool:
    if isinstance(label, bool):
        return text.lower() == label_key(label)
    if isinstance(label, str):
        return False
    try:
        return float(text) == label
    except ValueError:
        return False
