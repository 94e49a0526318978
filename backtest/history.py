"""What a feed of some rows sends, in its order, cut into the turns in which a backtest takes it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from events import topics
from events.schema import Label
from events.settings import Settings
from producers.missing import without
from producers.rows import Rows
from producers.schedule import FeatureRecord, LabelRecord, Row, Timeline, schedule
from producers.typed import typed

LEAST = 10
"""Events in a turn, at least: with buckets of fewer the loop decides a few events late, and is quicker."""

_encode = msgspec.json.Encoder().encode


class Record:
    """A record as a consumer gives it; the one partition is 0."""

    __slots__ = ("_key", "_offset", "_topic", "_ts", "_value")

    def __init__(self, topic: str, offset: int, ts: int, key: bytes | None, value: bytes | None) -> None:
        self._topic, self._offset, self._ts, self._key, self._value = topic, offset, ts, key, value

    def topic(self) -> str:
        """Where it stands."""
        return self._topic

    def partition(self) -> int:
        """Where it stands."""
        return 0

    def offset(self) -> int:
        """Where it stands."""
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        """When it was written, in event time."""
        return 1, self._ts

    def key(self) -> bytes | None:
        """Its key."""
        return self._key

    def value(self) -> bytes | None:
        """Its value."""
        return self._value


@dataclass(frozen=True, slots=True)
class Turn:
    """Some events, and the labels that have come by the last of them: positions in `History`."""

    events: slice
    labels: slice
    now: int
    """The last event's time."""


@dataclass
class History:
    """Events in order of time, and the labels that come while they do; all policies meet the same."""

    timeline: Timeline
    first: int
    """The first event's row."""
    events: list[Record] = field(default_factory=list)
    labels: list[Record] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    """For each event, how many labels had come before it was scored."""
    of: list[int] = field(default_factory=list)
    """For each label, its event."""
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    """The events' values, in the schema's order."""
    truths: list[Label | None] = field(default_factory=list)
    """The events' labels, those too that never come; None where the file has none."""
    incomplete: set[int] = field(default_factory=set)
    """Events that lack what is not nullable: a scorer refuses them."""
    turns: list[Turn] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.events)

    def time(self, event: int) -> int:
        """The time of an event, or of one that would come after the last."""
        return self.timeline.time(self.first + event)


def history(settings: Settings, rows: Rows, timeline: Timeline, missing: float, seed: int) -> History:
    """What `feed` sends of `rows`; a share `missing` of the labels, by `seed`, never comes.

    Raises:
        ScoreloopError: a column is missing, or a cell is not of its type.
    """
    found = History(timeline, rows.span.start)
    features, labels = topics.FEATURES.of(settings.name), topics.LABELS.of(settings.name)
    for record in schedule(timeline, found.first, _rows(settings, rows, found, missing, seed)):
        key, value = record.event_id.encode(), _encode(record)
        match record:
            case FeatureRecord():
                found.known.append(len(found.labels))
                found.events.append(Record(features, len(found.events), record.ts, key, value))
            case LabelRecord() if record.ts <= timeline.time(rows.span[-1]):
                found.of.append(int(record.event_id.rpartition("-")[2]) - found.first)
                found.labels.append(Record(labels, len(found.labels), record.ts, key, value))
    found.turns = list(_turns(found, settings.windows.bucket_ms))
    return found


def _rows(settings: Settings, rows: Rows, found: History, missing: float, seed: int) -> Iterator[Row]:
    """The rows as `producers.feed` takes them, noted in `found` as they go by."""
    names = list(settings.features)
    for chunk in typed(settings, rows):
        labels = without(chunk.labels, seed, chunk.first, missing)
        for position, (values, label) in enumerate(zip(chunk.rows(), labels, strict=True)):
            if position in chunk.incomplete:
                found.incomplete.add(len(found.rows))
            found.rows.append(values)
            found.truths.append(chunk.labels[position])
            yield dict(zip(names, values, strict=True)), label


def _turns(found: History, bucket: int) -> Iterator[Turn]:
    """A turn ends with the event that shows that a bucket is over, and at the end."""
    begin = labels = 0
    for end in range(1, len(found) + 1):
        now = found.timeline.time(found.first + end - 1)
        over = now // bucket > (now - found.timeline.interval) // bucket
        if end == len(found) or (over and end - begin >= LEAST):
            come = found.known[end] if end < len(found) else len(found.labels)
            yield Turn(slice(begin, end), slice(labels, come), now)
            begin, labels = end, come
