"""Answers → deltas of tallies: one for each cell that a batch touched."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from events.records import Role, Value
from events.schema import Label
from events.settings import Windows
from models.matches import judge
from models.tallies import Cell, Tally, aligned, merged


class Answer(Protocol):
    """A prediction or a shadow, as far as tallies ask."""

    @property
    def model_version(self) -> int: ...  # noqa: D102 (the contract's words)
    @property
    def role(self) -> Role: ...  # noqa: D102
    @property
    def ts(self) -> int: ...  # noqa: D102
    @property
    def prediction(self) -> Label: ...  # noqa: D102
    @property
    def probabilities(self) -> Mapping[str, float] | None: ...  # noqa: D102
    @property
    def features(self) -> Mapping[str, Value]: ...  # noqa: D102


class _Open:
    """What a batch has so far for one cell."""

    __slots__ = ("expired", "late", "matches", "predictions")

    def __init__(self) -> None:
        self.predictions = self.expired = self.late = 0
        self.matches: list[Any] = []


class Cells:
    """Gathers a batch's answers by cell; `deltas` hands them over and starts anew.

    `classes` is empty for a regression. An answer counts in the bucket of its event's time, for all events
    and for its value of each segment feature. Memory is that of the batch: a few tuples a label.
    """

    def __init__(self, classes: Sequence[Label], windows: Windows) -> None:
        self._judge: Any = judge(classes)  # its matches go back to it and to nobody else
        self._bucket = windows.bucket_ms
        self._segments = windows.segments
        self._open: dict[Cell, _Open] = {}

    def predicted(self, answer: Answer) -> None:
        """`answer` came."""
        for cell in self._cells(answer):
            cell.predictions += 1

    def matched(self, answer: Answer, label: Label, label_ts: int) -> None:
        """The label of `answer` came in time, known at `label_ts`."""
        match = self._judge.match(answer.prediction, answer.probabilities, label, label_ts - answer.ts)
        for cell in self._cells(answer):
            cell.matches.append(match)

    def expired(self, answer: Answer) -> None:
        """The horizon of `answer` passed without a label."""
        for cell in self._cells(answer):
            cell.expired += 1

    def late(self, answer: Answer) -> None:
        """A label of `answer` came too late."""
        for cell in self._cells(answer):
            cell.late += 1

    def deltas(self) -> dict[Cell, Tally]:
        """What was gathered since the last call."""
        gathered, self._open = self._open, {}
        return {cell: self._tally(opened) for cell, opened in gathered.items()}

    def _tally(self, opened: _Open) -> Tally:
        counts = Tally(predictions=opened.predictions, expired=opened.expired, late=opened.late)
        return merged(counts, self._judge.tally(opened.matches)) if opened.matches else counts

    def _cells(self, answer: Answer) -> list[_Open]:
        version, role, start = answer.model_version, answer.role, aligned(answer.ts, self._bucket)
        cells = [self._cell(Cell(version, role, None, start))]
        for name in self._segments:
            segment: Any = (name, answer.features.get(name))  # no array: the settings see to that
            cells.append(self._cell(Cell(version, role, segment, start)))
        return cells

    def _cell(self, cell: Cell) -> _Open:
        found = self._open.get(cell)
        if found is None:
            found = self._open[cell] = _Open()
        return found
