"""What `init` finds in a file: a schema that every row of it fits, and a task for its label."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import TypeAdapter, ValidationError

from events.errors import ScoreloopError
from events.schema import MAX_CATEGORY_BYTES, Feature, FeatureName, Label
from producers.census import MOST_TEXTS, Census
from producers.rows import Rows
from producers.task import Task, task_and_classes

_FEW_TEXTS = 20
"""A column with no more different texts than this is a category, however few the rows."""
_SHOWN = 3

_name = TypeAdapter(FeatureName)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a file holds."""

    file: str
    rows: int
    features: dict[str, Feature]
    categories: dict[str, str]
    """What the features of this type look like, for a person."""
    left_out: dict[str, str]
    """Columns that make no feature, and why."""
    label: str
    unlabelled: int
    """Rows without a label."""
    task: Task
    classes: tuple[Label, ...]
    """Sorted; none for a regression."""


def infer(
    rows: Rows, label: str, task: Task | None = None, tell: Callable[[int], None] = lambda _rows: None
) -> Findings:
    """Read all of `rows` and say what they hold; `tell` is called with how many have been read.

    Raises:
        ScoreloopError: there is no such label column, it is good for no task, or no column makes a feature.
    """
    _check_label(rows, label)
    censuses = _taken(rows, tell)
    of_label = censuses.pop(label)
    task, classes = task_and_classes(f"{rows.name}, column {label!r}", of_label, task)
    left_out = {name: why for name, census in censuses.items() if (why := _why_left_out(name, census))}
    features = {name: _feature(census) for name, census in censuses.items() if name not in left_out}
    if not features:
        why = "; ".join(f"{name}: {why}" for name, why in left_out.items()) or f"{label!r} is its only column"
        raise ScoreloopError(f"{rows.name}: no column makes a feature ({why:.300})")
    return Findings(
        file=rows.name,
        rows=len(rows),
        features=features,
        categories={name: _texts(censuses[name]) for name in features if features[name].type == "category"},
        left_out=left_out,
        label=label,
        unlabelled=of_label.empty,
        task=task,
        classes=classes,
    )


def _check_label(rows: Rows, label: str) -> None:
    if label not in rows.columns:
        close = get_close_matches(label, rows.columns, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScoreloopError(
            f"{rows.name}: has no column {label!r}; {hint}there are {', '.join(rows.columns)}"
        )


def _taken(rows: Rows, tell: Callable[[int], None]) -> dict[str, Census]:
    censuses = {name: Census(typed=rows.source.typed) for name in rows.columns}
    read = 0
    for chunk in rows.chunks():
        for name, census in censuses.items():
            census.add(chunk.column(name))
        read += len(chunk)
        tell(read)
    return censuses


def _feature(census: Census) -> Feature:
    nullable = census.empty > 0
    match census.kind:
        case "array":
            return Feature(type="number", shape=(census.length,), nullable=nullable)
        case "boolean" | "number" | "category" as kind:
            return Feature(type=kind, nullable=nullable)
        case None:
            raise AssertionError("a column that holds nothing is left out")


def _why_left_out(name: str, census: Census) -> str | None:
    """Why this column makes no feature, None when it does."""
    try:
        _name.validate_python(name)
    except ValidationError:
        return "a feature's name has 1 to 128 characters without quotes, backslashes and control characters"
    if census.kind is None:
        return "every cell is empty" if census.all_empty else "neither numbers, text nor lists of one length"
    return _why_no_category(census) if census.kind == "category" else None


def _why_no_category(census: Census) -> str | None:
    if any(len(text.encode()) > MAX_CATEGORY_BYTES for text in census.seen or ()):
        return f"a text is longer than {MAX_CATEGORY_BYTES} bytes"
    if census.seen is None:
        return f"more than {MOST_TEXTS:,} different texts: an identifier, a time?"
    if len(census.seen) > max(_FEW_TEXTS, (census.rows - census.empty) / 2):
        return f"{len(census.seen):,} different texts in {census.rows:,} rows: an identifier, a time?"
    return None


def _texts(census: Census) -> str:
    """How many different texts there are, and the first few."""
    seen = list(census.seen or ())
    shown = ", ".join(repr(text if len(text) <= 20 else f"{text[:19]}…") for text in seen[:_SHOWN])  # noqa: PLR2004 (fits a line)
    return f"{len(seen):,} seen: {shown}{', …' if len(seen) > _SHOWN else ''}"
