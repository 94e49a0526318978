"""What a label's column asks for: one of some classes, or a number."""

from typing import Literal

import pyarrow as pa

from events.errors import ScoreloopError
from events.schema import Label
from producers.census import Census
from producers.numbers import numbers

Task = Literal["classification", "regression"]

FEW_VALUES = 20
"""A label with more different values than this is no class unless somebody says so."""
MOST_CLASSES = 1_000


def task_and_classes(where: str, census: Census, told: Task | None) -> tuple[Task, tuple[Label, ...]]:
    """The task for a label, and its sorted classes (none for a regression). `told` is what a person says.

    Raises:
        ScoreloopError: the label is good for no task, or not for the one that was told; begins with `where`.
    """
    if census.kind is None or census.kind == "array":
        raise ScoreloopError(f"{where}: a label is a number or a text, and this column holds neither")
    values = _values(census)
    if values is not None and len(values) < 2:  # noqa: PLR2004 (a choice needs two)
        raise ScoreloopError(f"{where}: every label is {values[0]!r}, so there is nothing to learn from it")
    is_number = census.kind == "number"
    task = told or _task(values, is_number=is_number)
    if task == "regression" and not is_number:
        raise ScoreloopError(f"{where}: the label is text, and a regression needs numbers")
    if task == "regression":
        return "regression", ()
    if task is None:
        raise ScoreloopError(
            f"{where}: the label has more than {FEW_VALUES} different texts; is it the right column? "
            "If so, say --task classification"
        )
    if values is None or len(values) > MOST_CLASSES:
        raise ScoreloopError(
            f"{where}: the label has more than {MOST_CLASSES} different values, too many classes"
        )
    return "classification", values


def _task(values: tuple[Label, ...] | None, *, is_number: bool) -> Task | None:
    if values is not None and len(values) <= FEW_VALUES and not any(type(v) is float for v in values):
        return "classification"
    return "regression" if is_number else None


def _values(census: Census) -> tuple[Label, ...] | None:
    """The different labels as JSON values, sorted, whole numbers as integers; None if too many."""
    if census.seen is None:
        return None
    texts = list(census.seen)
    if census.kind == "boolean":
        return tuple(sorted({text.lower() == "true" for text in texts}))
    if census.kind == "category":
        return tuple(sorted(texts))
    found = {value for value in numbers(pa.array(texts)) if value is not None}
    return tuple(int(value) if value.is_integer() else value for value in sorted(found))
