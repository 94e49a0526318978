"""Reading `dead-letters`, and what was sent back of it."""

from collections.abc import Generator
from typing import Any

from confluent_kafka import Message, TopicPartition

from events import topics
from events.dead_letters import Letter, letter, octets
from events.settings import Settings
from transport.reading import ends, partitions_of, patient, read_to_end, read_up_to
from transport.tail import glancing
from transport.written import read_written


def letters(settings: Settings) -> Generator[Letter]:
    """Every dead letter, in order within a partition.

    Raises:
        ScoreloopError: the topic is missing, or cannot be read.
    """
    yield from map(_read, read_to_end(settings.kafka, topics.DEAD_LETTERS.of(settings.name)))


def letter_at(settings: Settings, partition: int, offset: int) -> Letter | None:
    """One dead letter, None where there is none at that offset."""
    topic = topics.DEAD_LETTERS.of(settings.name)
    consumer = glancing(settings.kafka)
    try:
        if partition not in partitions_of(consumer, settings.kafka, topic):
            return None
        if not 0 <= offset < ends(consumer, topic, [partition])[partition]:
            return None
        consumer.assign([TopicPartition(topic, partition, offset)])
        return next(map(_read, read_up_to(consumer, topic, {partition: offset + 1}, patient)), None)
    finally:
        consumer.close()


def replayed(settings: Settings) -> set[str]:
    """The letters, `<topic>-<partition>-<offset>`, that were sent back, also in the last moment."""
    records = read_written(settings.kafka, topics.REPLAYS.of(settings.name))
    return {(octets(record.key()) or b"").decode() for record in records}


def _read(message: Message) -> Letter:
    headers: Any = message.headers() or []
    return letter(message, headers)
