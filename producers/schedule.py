"""What a feed sends and in which order: events at their times, and each label when it is known. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from events.schema import Label

Row = tuple[dict[str, Any], Label | None]
"""One row's features, and its label or None where there is none to send."""


class FeatureRecord(msgspec.Struct, frozen=True, gc=False):
    """A record of `features`, as it is encoded."""

    event_id: str
    ts: int
    features: dict[str, Any]


class LabelRecord(msgspec.Struct, frozen=True, gc=False):
    """A record of `labels`, as it is encoded."""

    event_id: str
    label: Label
    ts: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The event time of each row, in milliseconds since the epoch, whichever rows are sent."""

    stream: str
    start: int
    """The time of row 0."""
    interval: int
    label_delay: int = 0
    """How long after its event a label is known."""

    def event_id(self, row: int) -> str:
        """The id by which the label of a row refers to its event."""
        return f"{self.stream}-{row}"

    def time(self, row: int) -> int:
        """The event time of a row."""
        return self.start + row * self.interval


def schedule(timeline: Timeline, first: int, rows: Iterable[Row]) -> Iterator[FeatureRecord | LabelRecord]:
    """The records of consecutive `rows`, of which the first has the number `first`.

    A row is taken only when its event is next, so that whoever gives the rows sets the pace. After an event
    come the labels that are known by its time, in the order of their rows; after the last row come the
    labels that are left. A label that waits costs one place in a queue (8 bytes).
    """
    waiting: deque[Label | None] = deque()
    oldest = row = first
    for row, (features, label) in enumerate(rows, first):
        now = timeline.time(row)
        yield FeatureRecord(timeline.event_id(row), now, features)
        waiting.append(label)
        while waiting and timeline.time(oldest) + timeline.label_delay <= now:
            yield from _label(timeline, oldest, waiting.popleft())
            oldest += 1
    for row, label in enumerate(waiting, oldest):
        yield from _label(timeline, row, label)


def _label(timeline: Timeline, row: int, label: Label | None) -> Iterator[LabelRecord]:
    if label is not None:
        yield LabelRecord(timeline.event_id(row), label, timeline.time(row) + timeline.label_delay)
