"""A stream's own events and their labels as a backtest's past: what `outcomes` and `predictions` say.

An event is one that was served. It happens at its `ts` and its label comes at `label_ts`, though not before
the event; that of an expired answer never comes. An answer that still waits is an event without a label, as
to leave it out would leave those whose labels come early. A label that came too late is not in `outcomes`.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import chain
from typing import Any, Literal

import msgspec
from confluent_kafka import Message
from msgspec import Struct
from msgspec.structs import astuple

from backtest.history import History, turns
from backtest.past import Past, require
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.feature_codec import features_type
from events.records import Role
from events.settings import Settings
from events.topics import Topic
from producers.examples import Examples
from producers.schedule import FeatureRecord, LabelRecord
from transport.reading import ends, patient, read_up_to, reader

Show = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how much of a total is done: `with show(what, total) as tell`, which hears the sum so far."""


class Happened(Struct, frozen=True, gc=False):
    """An event that was served, and its label where it has come; `features` is of the stream's own type."""

    event_id: str
    prediction_id: str
    ts: int
    role: Role
    features: Struct
    label: Any = None
    label_ts: int | None = None
    status: Literal["matched", "expired", "waiting"] = "waiting"

    @property
    def place(self) -> tuple[int, int, int]:
        """Sorts events: by time, then partition and offset of the source record."""
        partition, _, offset = self.prediction_id.partition("-")
        return self.ts, int(partition), int(offset)


def of_outcomes(settings: Settings, first: int, most: int, show: Show) -> Past:
    """The newest `most` events of the stream, of which the `first` are for the first version.

    Both topics are read to the ends that they have now, committed records only. Memory holds `most` events.

    Raises:
        ScoreloopError: a topic is missing or cannot be read, or there are too few events.
    """
    topic = topics.OUTCOMES.of(settings.name)
    with_outcome = _newest(most, _served(settings, topics.OUTCOMES, show))
    if not with_outcome:
        raise ScoreloopError(f"{topic} has no event by this schema; let the stream run, or give --csv FILE")
    known, begin = {one.prediction_id for one in with_outcome}, with_outcome[0].ts
    others = _served(settings, topics.PREDICTIONS, show)
    waiting = (one for one in others if one.ts >= begin and one.prediction_id not in known)
    events = _newest(most, chain(with_outcome, _newest(most, waiting)))
    require(topic, len(events), first)
    return Past(topic, _examples(events[:first]), _history(settings, events, first))


def _newest(most: int, events: Iterable[Happened]) -> list[Happened]:
    """In order of time."""
    return heapq.nlargest(most, events, key=lambda one: one.place)[::-1]


def _served(settings: Settings, topic: Topic, show: Show) -> Iterator[Happened]:
    """The answers in `topic` that were served, without those to another schema."""
    happened = msgspec.defstruct(
        "Happened", [("features", features_type(settings.features, strict=False))], bases=(Happened,),
        frozen=True, gc=False, kw_only=True,
    )  # fmt: skip
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(happened)
    for message in _read(settings, topic, show):
        try:
            one = decoder.decode(octets(message.value()) or b"")
        except msgspec.DecodeError:
            continue
        if one.role != "shadow":
            yield one


def _read(settings: Settings, topic: Topic, show: Show) -> Iterator[Message]:
    name = topic.of(settings.name)
    with closing(reader(settings.kafka, name)) as consumer:
        unread = ends(consumer, name, [place.partition for place in consumer.assignment()])
        come: dict[int, int] = {}
        with show(f"reading {name}", sum(unread.values())) as tell:
            for message in read_up_to(consumer, name, unread, patient):
                come[message.partition() or 0] = (message.offset() or 0) + 1
                tell(sum(come.values()))
                yield message


def _examples(events: Iterable[Happened]) -> Examples:
    """Those that have a label."""
    found = Examples()
    for number, one in enumerate(events):
        if one.status == "matched":
            found.rows.append(astuple(one.features))
            found.labels.append(one.label)
            found.numbers.append(number)
        else:
            found.left_out["unlabelled"] += 1
    return found


def _history(settings: Settings, events: list[Happened], first: int) -> History:
    """The events from the `first` on, and after each the labels that have come by its time."""
    found, names = History(settings.name, first), list(settings.features)
    left = events[first:]
    due = deque(
        sorted((max(one.label_ts, one.ts), i) for i, one in enumerate(left) if one.label_ts is not None)
    )
    for i, one in enumerate(left):
        found.rows.append(astuple(one.features))
        found.truths.append(one.label)
        found.happen(FeatureRecord(one.event_id, one.ts, dict(zip(names, found.rows[-1], strict=True))))
        while due and due[0] <= (one.ts, i):
            event = due.popleft()[1]
            of = left[event]
            found.label(event, LabelRecord(of.event_id, of.label, of.label_ts or 0))
    found.turns = list(turns(found, settings.windows.bucket_ms))
    return found
