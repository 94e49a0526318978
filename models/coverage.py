"""Have labels stopped coming? The share of answers that expired without one, against the stretches before.

Two samples in two bins, by `models.two_samples`: a stretch of final buckets against those before it together.
It is told of only where more expired than in each of these, since labels may come by day and not by night.
Coverage is the stream's and not a version's: what was before goes on to count when another version serves.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct, field

from models.finding import Finding, percent
from models.tallies import Cell, Tally, aligned
from models.two_samples import NOTHING, compared
from models.window_book import end

DETECTOR = "coverage"
KEPT = 50
"""Stretches that the newest is held against."""
LEAST_BEFORE = 3


class Span(Struct, array_like=True, frozen=True):
    """The final answers in a range of event time."""

    from_ts: int
    to_ts: int
    answers: int
    expired: int

    @property
    def share(self) -> float:
        """Of those that expired."""
        return self.expired / self.answers if self.answers else 0.0


class Coverage(Struct):
    """The stretch that is being gathered, and those before that were in order; the oldest first."""

    gathered: Span | None = None
    before: list[Span] = field(default_factory=list)

    def take(self, cell: Cell, tally: Tally, bucket: int, length: int, rows: int) -> Iterator[Span]:
        """The next bucket, in order of time; the stretches that are complete, each `rows` answers at least.

        A stretch ends with a window, of `length`.
        """
        first, to_ts = self.gathered, end(cell.from_ts, bucket)
        if (
            first is not None
            and first.answers >= rows
            and aligned(first.to_ts - 1, length) < aligned(cell.from_ts, length)
        ):
            yield first
            first = None
        first = first or Span(cell.from_ts, to_ts, 0, 0)
        self.gathered = Span(
            first.from_ts, to_ts, first.answers + tally.predictions, first.expired + tally.expired
        )
        if self.gathered.answers >= rows and to_ts % length == 0:
            yield self.gathered
            self.gathered = None

    def keep(self, span: Span) -> None:
        """A stretch that was in order counts as one before."""
        self.before = [*self.before, span][-KEPT:]


def coverage_drift(before: Sequence[Span], span: Span, least_effect: float) -> Finding:
    """The finding on a stretch."""
    table = np.array([[one.expired, one.answers - one.expired] for one in before], dtype=np.float64)
    more = len(before) >= LEAST_BEFORE and span.share > max(one.share for one in before)
    now = np.array([span.expired, span.answers - span.expired], dtype=np.float64)
    found = compared(table.sum(axis=0), now) if more else NOTHING
    was = sum(one.expired for one in before) / max(sum(one.answers for one in before), 1)
    words = f"{percent(span.share)} of answers expired without a label, was {percent(was)}"
    return Finding("coverage", DETECTOR, None, found, least_effect, words)
