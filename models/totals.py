"""The counts of I4 over everything that has been tallied, and the newest final figures."""

from collections import Counter
from collections.abc import Iterable

from events.internal import LabelCounts
from events.monitor_state import AnswerCounts, Totals
from events.records import Metric, Role
from models.standings import Standings
from models.tallies import Cell, Tally


class RunningTotals:
    """Adds up `Totals`."""

    def __init__(self) -> None:
        self._answers: dict[Role, Counter[str]] = {}
        self._labels = Counter[str]()
        self._newest: Metric | None = None

    def add(self, deltas: Iterable[tuple[Cell, Tally]]) -> None:
        """Add what became of answers; a segment's are among those of all."""
        for cell, delta in deltas:
            if cell.segment is None:
                counts = {name: getattr(delta, name) for name in AnswerCounts.model_fields}
                self._answers.setdefault(cell.role, Counter()).update(counts)

    def label(self, counts: LabelCounts) -> None:
        """Add what became of labels."""
        self._labels.update(counts.model_dump())

    def note(self, metrics: Iterable[Metric]) -> None:
        """Remember the newest final figures of a champion."""
        for metric in metrics:
            if metric.final and metric.role == "champion" and metric.segment is None:
                before = self._newest
                if before is None or metric.from_ts >= before.from_ts:
                    self._newest = metric

    def as_of(self, standings: Standings) -> Totals:
        """What has been added up, and how far that is."""
        return Totals(
            answers={role: AnswerCounts(**counts) for role, counts in self._answers.items()},
            labels=LabelCounts(**self._labels),
            waiting=standings.waiting,
            watermark=standings.watermark,
            newest=self._newest,
        )

    def restore(self, totals: Totals) -> None:
        """Take up what a record says."""
        self._answers = {role: Counter(counts.model_dump()) for role, counts in totals.answers.items()}
        self._labels = Counter(totals.labels.model_dump())
        self._newest = totals.newest
