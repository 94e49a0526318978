"""The newest records of a topic with one partition, without reading it from its beginning."""

from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.dead_letters import octets
from events.settings import Kafka
from transport import clients
from transport.reading import READER_GROUP, patient, read_up_to

_FIRST_SPAN, _WIDER = 16, 16
_ANSWER_SECONDS = 30.0
_WAIT_MS = 10


@dataclass(frozen=True, slots=True)
class Last:
    """A committed record: key, value (None: a tombstone), Kafka timestamp in milliseconds."""

    key: bytes | None
    value: bytes | None
    ts: int


def last(kafka: Kafka, topic: str, key: bytes) -> Last | None:
    """The newest record of `key`, None without.

    Looks at a few offsets before the end, and at ever more of them where it is not there.

    Raises:
        ScoreloopError: the topic cannot be read.
    """
    span = _FIRST_SPAN
    while True:
        records, whole = recent(kafka, topic, span)
        found = [record for record in records if record.key == key]
        if found or whole:
            return found[-1] if found else None
        span *= _WIDER


def recent(kafka: Kafka, topic: str, span: int) -> tuple[list[Last], bool]:
    """The records among the newest `span` offsets, in order, and whether these are all of the topic's.

    Raises:
        ScoreloopError: the topic cannot be read.
    """
    consumer = glancing(kafka)
    try:
        low, end = consumer.get_watermark_offsets(
            TopicPartition(topic, 0), timeout=_ANSWER_SECONDS, cached=False
        )
        start = max(low, end - span)
        consumer.assign([TopicPartition(topic, 0, start)])
        unread = {0: end} if start < end else {}
        records = [
            Last(octets(message.key()), octets(message.value()), message.timestamp()[1])
            for message in read_up_to(consumer, topic, unread, patient)
        ]
    except KafkaException as error:
        raise clients.trouble(topic, error) from None
    finally:
        consumer.close()
    return records, start == low


def glancing(kafka: Kafka) -> Consumer:
    """A consumer that reads a little and is asked at once where the end is."""
    return clients.consumer(
        kafka,
        READER_GROUP,
        enable_partition_eof=True,
        auto_offset_reset="earliest",
        fetch_wait_max_ms=_WAIT_MS,  # behind a transaction's mark an end is told after an empty fetch only
    )
