"""Reading a topic from its beginning to its end, once, by nobody's leave."""

import time
from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients

READER_GROUP = "scoreloop.reader"
"""Named because the client asks for a group; nothing is ever committed under it."""

WAIT_SECONDS = 0.2
AT_ONCE = 10_000

_PATIENCE_SECONDS = 60.0
_PASSING = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 (their public names)
    KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
}


def reader(kafka: Kafka, topic: str) -> Consumer:
    """A consumer of all of `topic`'s partitions from their beginnings, which also says where they end.

    Raises:
        ScoreloopError: there is no such topic.
    """
    consumer = clients.consumer(kafka, READER_GROUP, enable_partition_eof=True)
    partitions = partitions_of(consumer, kafka, topic)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    return consumer


def partitions_of(consumer: Consumer, kafka: Kafka, topic: str) -> list[int]:
    """The partitions of `topic`, at least one.

    Raises:
        ScoreloopError: there is no such topic, or no broker answers.
    """
    try:
        partitions = consumer.list_topics(topic, timeout=clients.REACH_SECONDS).topics[topic].partitions
    except KafkaException as error:
        raise clients.unreachable(kafka, error) from None
    if not partitions:
        raise ScoreloopError(f"there is no topic {topic}; run `scoreloop topics create STREAM.toml`")
    return sorted(partitions)


def read_to_end(kafka: Kafka, topic: str) -> Iterator[Message]:
    """Every committed record of `topic`, up to the ends that its partitions had when they were reached.

    Order holds within a partition. A record written while this reads may or may not be among them.

    Raises:
        ScoreloopError: there is no such topic, or it cannot be read.
    """
    consumer = reader(kafka, topic)
    try:
        unread = {partition.partition for partition in consumer.assignment()}
        heard = time.monotonic()
        while unread:
            for message in arrived(consumer, AT_ONCE, WAIT_SECONDS):
                heard = time.monotonic()
                if is_end(message):
                    unread.discard(message.partition())
                elif is_record(message):
                    yield message
            if time.monotonic() > heard + _PATIENCE_SECONDS:
                raise ScoreloopError(f"{topic}: no broker has answered for {_PATIENCE_SECONDS:.0f} s")
    finally:
        consumer.close()


def arrived(consumer: Consumer, most: int, seconds: float) -> list[Message]:
    """What has come: waits `seconds` for a first message, and not for `most` of them as `consume` would."""
    first = consumer.poll(seconds)
    return [] if first is None else [first, *consumer.consume(most, 0)]


def is_end(message: Message) -> bool:
    """Whether `message` only says that its partition has been read to its end."""
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 (its public name)


def passing(error: KafkaError) -> bool:
    """Whether the client mends `error` by itself, without skipping a record."""
    return error.retriable() or error.code() in _PASSING


def is_record(message: Message) -> bool:
    """Whether `message` is a record, and no passing trouble that the client mends by itself.

    Raises:
        ScoreloopError: it is an error that reading on cannot mend.
    """
    error = message.error()
    if error is None:
        return True
    if passing(error):
        return False
    raise ScoreloopError(f"{message.topic()}: {error.str()}")
