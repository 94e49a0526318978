"""Follows the sources' progress, a thread beside the joiner's loop, and says when it may be believed.

The transaction that says how far a source has come also wrote predictions or labels. It becomes visible in
one partition after another, so whoever hears of the progress may not see those records yet. Hence a barrier:
once progress has been heard of, the ends of what the join reads are asked for, counting records of open
transactions too, and the progress counts in a partition of the join only when that has been read up to there.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event, Thread

from confluent_kafka.admin import OffsetSpec

from consumers.join.sources import Source, Sources
from consumers.turn import Place
from events import topics
from events.dead_letters import octets
from events.internal import Finish
from events.settings import Settings
from transport import clients
from transport.clients import UnreachableError
from transport.reading import arrived, ends, is_end, is_record, reached, reader
from transport.standing import offsets
from transport.topics import partitions

_POLL_SECONDS = 0.1
_AT_ONCE = 10_000
_IDLE_LOOK_SECONDS = 0.5
BARRIER = (topics.PREDICTIONS, topics.SHADOWS, topics.JOINING)
"""What has to have been read before a watermark counts."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Horizon:
    """The watermark and the finish that count once `ends` have been read."""

    number: int
    """Grows."""
    watermark: int | None
    finish: tuple[int, Finish] | None
    """The newest that all sources have reached, with its offset in `internal.sources`."""
    ends: Mapping[Place, int]
    """Of what the join reads, and of `outcomes`."""


class HorizonFollower(Thread):
    """Keeps `horizon` at the newest; what goes wrong is in `failure`, and sets `stop`."""

    def __init__(self, settings: Settings, stop: Event) -> None:
        super().__init__(name="horizon", daemon=True)
        self.horizon: Horizon | None = None
        self.failure: BaseException | None = None
        self._settings = settings
        self._client = clients.admin(settings.kafka)
        self._partitions = partitions(self._client, settings)
        self._sources = Sources({t.name: self._count(t) for t in (topics.FEATURES, topics.LABELS)})
        self._end = stop
        self._closing = Event()

    def run(self) -> None:
        """Follow until `close`."""
        try:
            self._follow()
        except Exception as error:  # noqa: BLE001 (a thread's end must reach the loop, whatever it was)
            _log.error("%s: %s", self.name, error)  # said now: the loop may not get to it while it hangs
            self.failure = error
            self._end.set()

    def check(self) -> None:
        """Raise what ended the following, if anything did."""
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Stop following."""
        self._closing.set()
        if self.ident is not None:
            self.join()

    def _follow(self) -> None:
        name = topics.SOURCES.of(self._settings.name)
        consumer = reader(self._settings.kafka, name)
        due, look = False, 0.0
        try:
            end = ends(consumer, name, [0])[0]  # up to here it is what was said before
            while not self._closing.is_set():
                messages = arrived(consumer, _AT_ONCE, _POLL_SECONDS)
                for message in filter(is_record, (m for m in messages if not is_end(m))):
                    self._sources.take(octets(message.key()), octets(message.value()), message.offset() or 0)
                if reached(messages, end):
                    end = 0
                idle = bool(self._sources.resting()) and time.monotonic() > look
                due = due or bool(messages) or idle
                if end == 0 and due:
                    due = not self._looked()
                    look = time.monotonic() + _IDLE_LOOK_SECONDS
        finally:
            consumer.close()

    def _looked(self) -> bool:
        """Look, unless no broker answers: then the horizon stands still, and it is asked again."""
        try:
            self._look()
        except UnreachableError as error:
            _log.warning("the watermark waits: %s", error)
            self._client = clients.admin(self._settings.kafka)  # the old one may never get an answer again
            return False
        return True

    def _look(self) -> None:
        """Publish a new horizon if there is news."""
        watermark = self._sources.watermark(self._ends_of(self._sources.resting()))
        finish = self._sources.finish
        if finish is not None and not self._sources.reached(finish[1]):
            finish = None
        before = self.horizon
        if (watermark, finish) == ((None, None) if before is None else (before.watermark, before.finish)):
            return
        number = 1 if before is None else before.number + 1
        self.horizon = Horizon(number, watermark, finish, self._barrier())

    def _ends_of(self, resting: Mapping[Source, int]) -> dict[Source, int]:
        named = {topic.name: topic for topic in (topics.FEATURES, topics.LABELS)}
        ends: dict[Source, int] = {}
        for name in {topic for topic, _ in resting} & named.keys():
            found = self._offsets(named[name], committed=True)
            ends |= {(name, partition): end for partition, end in found.items()}
        return ends

    def _barrier(self) -> dict[Place, int]:
        return {
            (topic.of(self._settings.name), partition): end
            for topic in (*BARRIER, topics.OUTCOMES)
            for partition, end in self._offsets(topic, committed=False).items()
        }

    def _offsets(self, topic: topics.Topic, *, committed: bool) -> dict[int, int]:
        latest = OffsetSpec.latest()
        name = topic.of(self._settings.name)
        return offsets(self._client, name, self._count(topic), latest, committed_only=committed)

    def _count(self, topic: topics.Topic) -> int:
        return self._partitions[topic.of(self._settings.name)]
