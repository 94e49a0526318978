"""Declares that nothing more comes for what was sent so far, and waits until all of it is settled.

No record goes to `features` or `labels`: the declaration is a record of `internal.sources` with the ends of
both, so it holds for the events and labels of whoever sent them, and for nothing that is sent later.
"""

import time
from collections.abc import Callable

from confluent_kafka import KafkaError, Message
from confluent_kafka.admin import OffsetSpec

from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.internal import FINISH_KEY, FINISHED_KEY, Finish, Finished
from events.settings import Settings
from transport import clients
from transport.reading import arrived, is_end, is_record, reader
from transport.standing import offsets
from transport.topics import partitions, require

_WAIT_SECONDS = 0.2
_AT_ONCE = 1_000
_FLUSH_SECONDS = 60.0


def finish(settings: Settings, stopped: Callable[[], bool], tell: Callable[[float], None]) -> bool:
    """Declare the end, and wait until every prediction is matched or expired and every window final.

    `tell` is called several times a second with the seconds that have passed. False if `stopped` said so
    before: the declaration stands, and the services settle it whenever they run.

    Raises:
        ScoreloopError: a topic or the broker is missing.
    """
    client = require(settings, topics.FEATURES, topics.LABELS, topics.SOURCES)
    count = partitions(client, settings)
    ends = {
        topic: offsets(client, name, count[name], OffsetSpec.latest())
        for topic in (topics.FEATURES, topics.LABELS)
        for name in (topic.of(settings.name),)
    }
    now = time.time_ns() // 1_000_000
    record = Finish(ts=now, features=ends[topics.FEATURES], labels=ends[topics.LABELS])
    return _awaited(settings, _declared(settings, record), stopped, tell)


def _declared(settings: Settings, record: Finish) -> int:
    """The offset of the declaration, by which it is named."""
    placed: list[int] = []

    def note(error: KafkaError | None, message: Message) -> None:
        if error is None:
            placed.append(message.offset() or 0)

    topic = topics.SOURCES.of(settings.name)
    producer = clients.producer(settings.kafka)
    producer.produce(topic, record.encoded(), FINISH_KEY, on_delivery=note)
    producer.flush(_FLUSH_SECONDS)
    if not placed:
        raise ScoreloopError(f"{topic} does not take records; see the broker's log")
    return placed[0]


def _awaited(
    settings: Settings, declared: int, stopped: Callable[[], bool], tell: Callable[[float], None]
) -> bool:
    consumer = reader(settings.kafka, topics.SOURCES.of(settings.name))
    began = time.monotonic()
    try:
        while not stopped():
            for message in arrived(consumer, _AT_ONCE, _WAIT_SECONDS):
                if is_end(message) or not is_record(message) or message.key() != FINISHED_KEY:
                    continue
                done = Finished.found(octets(message.value()) or b"")
                if done is not None and done.finish >= declared:
                    return True
            tell(time.monotonic() - began)
    finally:
        consumer.close()
    return False
