"""How events and their labels come: of the newest final buckets, with which a decision goes."""

from typing import NamedTuple

from msgspec import Struct, field

from models.tallies import Cell, Tally

ENOUGH = 1_000
"""Events served, over the newest buckets that have as many."""
MOST = 100
"""Buckets that are looked at."""


class Traffic(Struct, frozen=True):
    """What was served in a range of event time, and what became of it."""

    events: int = 0
    labelled: int = 0
    span_ms: int = 0
    label_wait_ms: int = 0
    """The longest that one waited for its label; the horizon where some had none."""


class Span(NamedTuple):
    """The final bucket that starts at a time, of all versions that served in it."""

    from_ts: int
    events: int
    labelled: int
    slowest: int


class Newest(Struct):
    """The newest buckets, kept as JSON in `internal.windows`."""

    spans: list[Span] = field(default_factory=list)

    def take(self, cell: Cell, tally: Tally) -> None:
        """The next of the final buckets, in order of time; shadows are not served."""
        if cell.role == "shadow" or not tally.predictions:
            return
        slowest = max(tally.delays, default=0)
        if self.spans and self.spans[-1].from_ts == cell.from_ts:
            last = self.spans.pop()
            span = Span(cell.from_ts, last.events, last.labelled, max(last.slowest, slowest))
        else:
            span = Span(cell.from_ts, 0, 0, slowest)
        self.spans.append(
            span._replace(events=span.events + tally.predictions, labelled=span.labelled + tally.matched)
        )
        while sum(one.events for one in self.spans[1:]) >= ENOUGH or len(self.spans) > MOST:
            del self.spans[0]

    def traffic(self, bucket: int, horizon: int) -> Traffic:
        """Of all of them; `bucket` is their length."""
        if not self.spans:
            return Traffic()
        events, labelled = sum(one.events for one in self.spans), sum(one.labelled for one in self.spans)
        return Traffic(
            events=events,
            labelled=labelled,
            span_ms=self.spans[-1].from_ts + bucket - self.spans[0].from_ts,
            label_wait_ms=max(one.slowest for one in self.spans) if labelled == events else horizon,
        )
