"""The cells of a stream's figures, filled from its answers and outcomes as they are read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import fields

from events.feature_codec import features_type
from events.json_reading import INT64_MIN
from events.schema import label_key
from events.settings import Settings
from verify.answers import Answer, Outcome
from verify.sums import ClassMatch, Match, NumberMatch, Sums

Segment = tuple[str, Any] | None
"""A feature and its value; None is all events."""


class Cell(NamedTuple):
    """What figures speak of; `from_ts` is where the window starts."""

    version: int
    role: str
    segment: Segment
    from_ts: int


class Book:
    """The sums of every cell; its memory goes with the number of cells, as that of `metrics` does."""

    def __init__(self, settings: Settings) -> None:
        self._length = settings.windows.length
        names = {field.encode_name: field.name for field in fields(features_type(settings.features))}
        self._segments = [(name, names[name]) for name in settings.windows.segments]
        self._classes = {(type(label), label): i for i, label in enumerate(settings.classes)}
        self._keys = [label_key(label) for label in settings.classes]
        self.cells: dict[Cell, Sums] = {}
        self.touched: set[Cell] = set()
        """Cells of which something may not have reached the metrics that are read."""

    def predicted(self, answer: Answer[Any], *, taken: bool, finished: bool) -> None:
        """An answer: whether the joiner has taken it, and whether it is before the last finish."""
        for cell in self._cells(answer):
            sums = self._sums(cell)
            sums.predictions += 1
            sums.unfinished += not finished
            if not taken:
                self.touched.add(cell)

    def matched(self, outcome: Outcome[Any], delay: int) -> None:
        """An answer got its label, which is a class of the stream or a number."""
        match = self._match(outcome, delay)
        for cell in self._cells(outcome):
            sums = self._sums(cell)
            sums.labelled += 1
            match.add_to(sums)

    def expired(self, outcome: Outcome[Any]) -> None:
        """An answer got none."""
        for cell in self._cells(outcome):
            self._sums(cell).expired += 1

    def touch(self, version: int, role: str, segment: Segment, ts: int) -> None:
        """Something at `ts` may not have reached the metrics."""
        self.touched.add(Cell(version, role, segment, self.window(ts)))

    def window(self, ts: int) -> int:
        """Where the window starts that holds `ts`."""
        return max(ts - ts % self._length, INT64_MIN)

    def known(self, label: Any) -> int | None:
        """The index of a class, by JSON type and value."""
        return self._classes.get((type(label), label))

    def _sums(self, cell: Cell) -> Sums:
        found = self.cells.get(cell)
        if found is None:
            found = self.cells[cell] = Sums()
        return found

    def _match(self, outcome: Outcome[Any], delay: int) -> Match:
        if not self._classes:
            return NumberMatch(delay, float(outcome.prediction), float(outcome.label or 0))
        truth, answer = self.known(outcome.label) or 0, self.known(outcome.prediction)
        given = (outcome.probabilities or {}).get(self._keys[truth], 0.0)
        return ClassMatch(delay, truth, -1 if answer is None else answer, given)

    def _cells(self, answer: Answer[Any]) -> Iterator[Cell]:
        version, role, start = answer.model_version, answer.role, self.window(answer.ts)
        yield Cell(version, role, None, start)
        features = answer.features
        generic = isinstance(features, dict)  # of another schema
        for name, field in self._segments:
            value = features.get(name) if generic else getattr(features, field)
            yield Cell(version, role, (name, value), start)
