"""How far the stream's services are, as the cluster knows it: offsets, and the newest record of a key."""

import time
from concurrent.futures import Future
from typing import TypeVar

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from events.dead_letters import octets
from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients
from transport.reading import read_to_end

Answer = TypeVar("Answer")

ANSWER_SECONDS = 30.0

_AGAIN_SECONDS = 0.1
_NEW_TOPIC = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}


def answered(future: Future[Answer], what: str) -> Answer:
    """What the cluster answered about `what`.

    Raises:
        ScoreloopError: it refused, or did not answer in time.
    """
    try:
        return future.result(ANSWER_SECONDS)
    except KafkaException as error:
        raise ScoreloopError(f"{what}: {clients.reason(error)}") from None
    except TimeoutError:
        raise ScoreloopError(f"{what}: no answer in {ANSWER_SECONDS:.0f} s") from None


def offsets(client: AdminClient, topic: str, partitions: int, at: OffsetSpec) -> dict[int, int]:
    """Partition → the offset that `at` asks for; an end counts committed records only.

    Waits for a topic that was made a moment ago, whose leaders not every broker knows yet.
    """
    request = {TopicPartition(topic, partition): at for partition in range(partitions)}
    until = time.monotonic() + ANSWER_SECONDS
    while True:
        futures = client.list_offsets(request, isolation_level=IsolationLevel.READ_COMMITTED)
        try:
            return {p.partition: future.result(ANSWER_SECONDS).offset for p, future in futures.items()}
        except KafkaException as error:
            if error.args[0].code() not in _NEW_TOPIC or time.monotonic() > until:
                raise ScoreloopError(f"offsets of {topic}: {clients.reason(error)}") from None
            time.sleep(_AGAIN_SECONDS)


def committed(client: AdminClient, group: str, topic: str, partitions: int) -> dict[int, int | None]:
    """Partition → the group's committed offset, None where it has none."""
    if not partitions:
        return {}
    request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p) for p in range(partitions)])
    answer = answered(client.list_consumer_group_offsets([request])[group], f"group {group}")
    return {p.partition: p.offset if p.offset >= 0 else None for p in answer.topic_partitions}


def newest(kafka: Kafka, topic: str) -> dict[bytes, bytes]:
    """Each key's newest record in a compacted `topic`, those with a tombstone left out."""
    records: dict[bytes, bytes | None] = {}
    for message in read_to_end(kafka, topic):
        records[octets(message.key()) or b""] = octets(message.value())
    return {key: value for key, value in records.items() if value is not None}
