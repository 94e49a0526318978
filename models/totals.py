"""The counts of I4 over everything that has been tallied, and the newest final figures."""

from collections import Counter
from collections.abc import Iterable, Iterator

from events.internal import LabelCounts
from events.monitor_state import TOTALS_KEY, AnswerCounts, Totals
from events.records import Metric, Role
from models.tallies import Cell, Tally


class RunningTotals:
    """Adds up `Totals`."""

    def __init__(self) -> None:
        self._answers: dict[Role, Counter[str]] = {}
        self._labels = Counter[str]()
        self._newest: Metric | None = None
        self._changed = False

    def add(self, deltas: Iterable[tuple[Cell, Tally]]) -> None:
        """Add what became of answers; a segment's are among those of all."""
        for cell, delta in deltas:
            if cell.segment is None:
                counts = {name: getattr(delta, name) for name in AnswerCounts.model_fields}
                self._answers.setdefault(cell.role, Counter()).update(counts)
                self._changed = True

    def label(self, counts: LabelCounts) -> None:
        """Add what became of labels."""
        self._labels.update(counts.model_dump())
        self._changed = True

    def note(self, metrics: Iterable[Metric]) -> None:
        """Remember the newest final figures of a champion."""
        for metric in metrics:
            if metric.final and metric.role == "champion" and metric.segment is None:
                before = self._newest
                if before is None or metric.from_ts >= before.from_ts:
                    self._newest = metric
                    self._changed = True

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The record, if anything has changed since the last call."""
        if self._changed:
            yield TOTALS_KEY, self.figures().encoded()
        self._changed = False

    def figures(self) -> Totals:
        """What has been added up."""
        answers = {role: AnswerCounts(**counts) for role, counts in self._answers.items()}
        return Totals(answers=answers, labels=LabelCounts(**self._labels), newest=self._newest)

    def restore(self, totals: Totals) -> None:
        """Take up what a record says."""
        self._answers = {role: Counter(counts.model_dump()) for role, counts in totals.answers.items()}
        self._labels = Counter(totals.labels.model_dump())
        self._newest = totals.newest
