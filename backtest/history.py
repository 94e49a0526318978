"""Events and the labels that come meanwhile, in order, cut into the turns in which a backtest takes them.

Of a file's rows they are what a feed sends; of a stream's own outcomes see `backtest.outcomes`.
"""

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
    """Events of `stream` in order of time, and the labels that come meanwhile; all policies meet the same."""

    stream: str
    first: int
    """The first event's row, or its number in the stream, counted from 0."""
    times: list[int] = field(default_factory=list)
    """The events' times."""
    events: list[Record] = field(default_factory=list)
    labels: list[Record] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    """For each event, how many labels had come before it was scored."""
    of: list[int] = field(default_factory=list)
    """For each label, its event."""
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    """The events' values, in the schema's order."""
    truths: list[Label | None] = field(default_factory=list)
    """The events' labels, those too that never come; None where none is known."""
    incomplete: set[int] = field(default_factory=set)
    """Events that lack what is not nullable: a scorer refuses them."""
    turns: list[Turn] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.events)

    def time(self, event: int) -> int:
        """The time of an event; of the last, where `event` would come after it."""
        return self.times[min(event, len(self) - 1)]

    def happen(self, record: FeatureRecord) -> None:
        """The next event."""
        topic = topics.FEATURES.of(self.stream)
        self.known.append(len(self.labels))
        self.times.append(record.ts)
        key = record.event_id.encode()
        self.events.append(Record(topic, len(self.events), record.ts, key, _encode(record)))

    def label(self, event: int, record: LabelRecord) -> None:
        """The label of an event comes."""
        topic, key = topics.LABELS.of(self.stream), record.event_id.encode()
        self.of.append(event)
        self.labels.append(Record(topic, len(self.labels), record.ts, key, _encode(record)))


def history(settings: Settings, rows: Rows, timeline: Timeline, missing: float, seed: int) -> History:
    """What `feed` sends of `rows`; a share `missing` of the labels, by `seed`, never comes.

    Raises:
        ScoreloopError: a column is missing, or a cell is not of its type.
    """
    found = History(settings.name, rows.span.start)
    for record in schedule(timeline, found.first, _rows(settings, rows, found, missing, seed)):
        match record:
            case FeatureRecord():
                found.happen(record)
            case LabelRecord() if record.ts <= timeline.time(rows.span[-1]):
                found.label(int(record.event_id.rpartition("-")[2]) - found.first, record)
    found.turns = list(turns(found, settings.windows.bucket_ms))
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


def turns(found: History, bucket: int) -> Iterator[Turn]:
    """A turn ends with the event that shows that a bucket is over, and at the end."""
    begin = labels = 0
    for end in range(1, len(found) + 1):
        now = found.times[end - 1]
        over = now // bucket > found.times[max(end - 2, 0)] // bucket
        if end == len(found) or (over and end - begin >= LEAST):
            come = found.known[end] if end < len(found) else len(found.labels)
            yield Turn(slice(begin, end), slice(labels, come), now)
            begin, labels = end, come
