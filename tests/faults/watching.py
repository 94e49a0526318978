"""A read_committed reader beside the run, which keeps what it saw, and hears when services move again."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass

from confluent_kafka import Message
from streams import Stream

from events import topics
from events.dead_letters import octets
from events.topics import Topic
from transport.reading import arrived, is_end, is_record, read_to_end, reader

KEPT = (
    topics.PREDICTIONS,
    topics.SHADOWS,
    topics.OUTCOMES,
    topics.DEAD_LETTERS,
    topics.METRICS,
    topics.MODELS,
)
"""What no reader may see go."""
_PULSE = {topics.PREDICTIONS: "scorer", topics.OUTCOMES: "joiner", topics.WINDOWS: "monitor"}
_AT_ONCE, _WAIT_SECONDS = 2_000, 0.02
_LAST_SECONDS = 30.0

Place = tuple[str, int, int]
"""Topic, partition and offset."""


@dataclass
class Recovery:
    """From a fault until each place that its service works on has moved again, as a reader sees it."""

    service: str
    since: float
    missing: set[int]
    seconds: float | None = None


class Watcher(threading.Thread):
    """Reads everything once, from the beginning, while it is written."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(daemon=True)
        self.seen: dict[Place, bytes] = {}
        self.repeats = 0
        """Offsets that came twice, in another shape."""
        self.failure: BaseException | None = None
        self._stream = stream
        self._topics = {stream.topic(topic): topic for topic in (*KEPT, topics.WINDOWS)}
        self._readers = [reader(stream.settings.kafka, name) for name in self._topics]
        self._recoveries: list[Recovery] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def recovering(self, service: str, since: float, places: set[int]) -> Recovery:
        """Follow the recovery of `service` from a fault at `since` (seconds since the epoch)."""
        recovery = Recovery(service, since, set(places))
        with self._lock:
            self._recoveries.append(recovery)
        return recovery

    def run(self) -> None:
        """Read until `end`."""
        try:
            while not self._ended.is_set():
                for consumer in self._readers:
                    for message in arrived(consumer, _AT_ONCE, _WAIT_SECONDS):
                        if not is_end(message) and is_record(message):
                            self._take(message)
        except BaseException as error:  # noqa: BLE001 (a thread's end must reach the verdict)
            self.failure = error
        finally:
            for consumer in self._readers:
                consumer.close()

    def end(self) -> "dict[Place, Message]":
        """Wait until all that is there has been seen, and stop; what is there."""
        there = {
            place_of(message): message
            for topic in KEPT
            for message in read_to_end(self._stream.settings.kafka, self._stream.topic(topic))
        }
        until = time.monotonic() + _LAST_SECONDS
        while not there.keys() <= self.seen.keys() and time.monotonic() < until and self.is_alive():
            time.sleep(_WAIT_SECONDS)
        self.stop()
        return there

    def stop(self) -> None:
        """Read no more."""
        self._ended.set()
        if self.ident is not None:
            self.join()

    def _take(self, message: Message) -> None:
        topic = self._topics[message.topic() or ""]
        if topic in KEPT:
            place, digest = place_of(message), digest_of(message)
            self.repeats += self.seen.setdefault(place, digest) != digest
        if topic in _PULSE:
            self._moved(_PULSE[topic], _part(topic, message), message.timestamp()[1] / 1000)

    def _moved(self, service: str, part: int, created: float) -> None:
        with self._lock:
            for recovery in self._recoveries:
                if recovery.service == service and recovery.seconds is None and created > recovery.since:
                    recovery.missing.discard(part)
                    if not recovery.missing:
                        recovery.seconds = time.time() - recovery.since


def _part(topic: Topic, message: Message) -> int:
    """What the record shows to move: a partition of `features`, or of the join."""
    if topic is topics.PREDICTIONS:
        return int(json.loads(message.value() or b"")["prediction_id"].split("-")[0])
    return message.partition() or 0


def place_of(message: Message) -> Place:
    """Where a record stands."""
    return message.topic() or "", message.partition() or 0, message.offset() or 0


def digest_of(message: Message) -> bytes:
    """What a record says."""
    text = b"%r %r" % (octets(message.key()), octets(message.value()))
    return hashlib.blake2b(text, digest_size=8).digest()
