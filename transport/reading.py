"""Reading a topic from its beginning to its end, once, by nobody's leave."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients

READER_GROUP = "scoreloop.reader"
"""Named because the client asks for a group; nothing is ever committed under it."""

_WAIT_SECONDS = 0.2
_AT_ONCE = 10_000
_PATIENCE_SECONDS = 60.0


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
    """Every committed record of `topic`, up to the ends that its partitions have when the reading begins.

    Order holds within a partition. Of what is written while this reads nothing is yielded; so it comes to an
    end however much that is.

    Raises:
        ScoreloopError: there is no such topic, or it cannot be read.
    """
    consumer = reader(kafka, topic)
    try:
        assigned = [partition.partition for partition in consumer.assignment()]
        yield from read_up_to(consumer, topic, ends(consumer, topic, assigned), patient)
    finally:
        consumer.close()


def ends(consumer: Consumer, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Partition → the offset after all that `consumer`, by its isolation level, may read.

    Raises:
        ScoreloopError: no broker has answered.
    """
    try:
        return {
            partition: consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=_PATIENCE_SECONDS, cached=False
            )[1]
            for partition in partitions
        }
    except KafkaException as error:
        raise clients.trouble(topic, error) from None


def read_up_to(
    consumer: Consumer, topic: str, unread: Mapping[int, int], silent: Callable[[str, float], None]
) -> Iterator[Message]:
    """The records of the partitions in `unread`, which `consumer` is assigned, up to the offsets there.

    `silent` hears of the topic for how many seconds nothing has come; what it raises ends the reading.
    """
    unread = {partition: end for partition, end in unread.items() if end > 0}
    heard = time.monotonic()
    while unread:
        messages = arrived(consumer, _AT_ONCE, _WAIT_SECONDS)
        for message in messages:
            record = message.error() is None
            if not (record or is_end(message) or is_record(message)):
                continue  # trouble that mends itself
            partition, following = message.partition() or 0, (message.offset() or 0) + record
            if partition not in unread:
                continue
            if record and following <= unread[partition]:
                yield message
            if following >= unread[partition]:
                del unread[partition]
                consumer.pause([TopicPartition(topic, partition)])
        heard = time.monotonic() if messages else heard
        silent(topic, time.monotonic() - heard)


def patient(topic: str, seconds: float) -> None:
    """Bears with a broker that has said nothing about `topic` for `seconds`, up to a minute.

    Raises:
        UnreachableError: that is too long.
    """
    if seconds > _PATIENCE_SECONDS:
        raise clients.UnreachableError(f"{topic}: no broker has answered for {seconds:.0f} s")


def arrived(consumer: Consumer, most: int, seconds: float) -> list[Message]:
    """What has come: waits `seconds` for a first message, and not for `most` of them as `consume` would."""
    first = consumer.poll(seconds)
    return [] if first is None else [first, *consumer.consume(most, 0)]


def is_end(message: Message) -> bool:
    """Whether `message` only says that its partition has been read to its end."""
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 (its public name)


def reached(messages: Iterable[Message], end: int) -> bool:
    """Whether a partition has been read up to `end` with one of `messages`.

    Without waiting to be told of its end: while it is written to steadily, a reader is not told for minutes.
    """
    return any(is_end(message) or (message.offset() or 0) + 1 >= end for message in messages)


def passing(error: KafkaError) -> bool:
    """Whether the client mends `error` by itself, without skipping a record."""
    return error.retriable() or error.code() in clients.PASSING


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
