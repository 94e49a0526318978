"""Records of one key in a topic of many, by reading its partition alone, and as little of it as will do."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from confluent_kafka import KafkaException, Message, TopicPartition

from events.dead_letters import octets
from events.settings import Kafka
from transport import clients
from transport.partitioner import partition_of
from transport.reading import partitions_of, patient, read_up_to
from transport.tail import glancing

Tell = Callable[[int], None]
"""Hears how many offsets have been looked at."""

_FIRST_SPAN, _WIDER = 4_096, 16
_ANSWER_SECONDS = 30.0
_TELL_EVERY = 10_000


class Place(NamedTuple):
    """Where a key's records are: a partition, its first offset, and the one after all that is committed."""

    kafka: Kafka
    topic: str
    partition: int
    begin: int
    end: int


def place_of(kafka: Kafka, topic: str, key: bytes) -> Place:
    """Where the records of `key` are in `topic`, which our producers write.

    Raises:
        ScoreloopError: there is no such topic, or no broker answers.
    """
    consumer = glancing(kafka)
    try:
        partition = partition_of(key, len(partitions_of(consumer, kafka, topic)))
        at = TopicPartition(topic, partition)
        begin, end = consumer.get_watermark_offsets(at, timeout=_ANSWER_SECONDS, cached=False)
    except KafkaException as error:
        raise clients.trouble(topic, error) from None
    finally:
        consumer.close()
    return Place(kafka, topic, partition, begin, end)


def newest_of(place: Place, key: bytes, tell: Tell) -> Message | None:
    """The newest record of `key`, None without: ever wider spans of offsets are read, from the end back.

    Raises:
        ScoreloopError: the topic cannot be read.
    """
    span, end = _FIRST_SPAN, place.end
    while end > place.begin:
        start = max(place.begin, end - span)
        looked_at = _told(_read(place, start, end), place.end - end, tell)
        found = [message for message in looked_at if octets(message.key()) == key]
        if found:
            return found[-1]
        span, end = span * _WIDER, start
    return None


def first_since(place: Place, ts: int, wanted: Callable[[Message], bool], tell: Tell) -> Message | None:
    """The first record that is `wanted` of those written since `ts`, in milliseconds; None without.

    Raises:
        ScoreloopError: the topic cannot be read.
    """
    records = _told(_read(place, _offset_at(place, ts), place.end), 0, tell)
    return next(filter(wanted, records), None)


def _told(messages: Iterator[Message], before: int, tell: Tell) -> Iterator[Message]:
    for i, message in enumerate(messages):
        if i % _TELL_EVERY == 0:
            tell(before + i)
        yield message


def _offset_at(place: Place, ts: int) -> int:
    """The first offset with a timestamp of `ts` or later; the end without."""
    consumer = glancing(place.kafka)
    try:
        asked = [TopicPartition(place.topic, place.partition, ts)]
        [found] = consumer.offsets_for_times(asked, timeout=_ANSWER_SECONDS)
    except KafkaException as error:
        raise clients.trouble(place.topic, error) from None
    finally:
        consumer.close()
    return found.offset if found.offset >= 0 else place.end


def _read(place: Place, start: int, end: int) -> Iterator[Message]:
    """The records from `start` up to `end`; what was deleted meanwhile is passed over."""
    consumer = glancing(place.kafka)
    try:
        consumer.assign([TopicPartition(place.topic, place.partition, start)])
        unread = {place.partition: end} if start < end else {}
        yield from read_up_to(consumer, place.topic, unread, patient)
    finally:
        consumer.close()
