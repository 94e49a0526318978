"""How far the stream's services are, as the cluster knows it: offsets, and the newest record of a key."""

import time
from collections.abc import Callable
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

ASK_SECONDS = 3.0
"""How long one question may take: asked before its coordinator is up, librdkafka's never comes back."""

_AGAIN_SECONDS = 0.1
_MENDS_ITSELF = {
    KafkaError._TIMED_OUT,  # noqa: SLF001 (its public name)
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
"""What a new cluster or a new topic says for a moment."""


def answered(ask: Callable[[], Answer], what: str) -> Answer:
    """What the cluster answers about `what`, asked again while the trouble mends itself.

    Raises:
        ScoreloopError: it refused, or did not answer in time.
    """
    until = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _MENDS_ITSELF or time.monotonic() > until:
                raise ScoreloopError(f"{what}: {clients.reason(error)}") from None
        time.sleep(_AGAIN_SECONDS)


def offsets(client: AdminClient, topic: str, partitions: int, at: OffsetSpec) -> dict[int, int]:
    """Partition → the offset that `at` asks for; an end counts committed records only."""
    request = {TopicPartition(topic, partition): at for partition in range(partitions)}

    def ask() -> dict[int, int]:
        level = IsolationLevel.READ_COMMITTED
        futures = client.list_offsets(request, isolation_level=level, request_timeout=ASK_SECONDS)
        return {partition.partition: future.result().offset for partition, future in futures.items()}

    return answered(ask, f"offsets of {topic}")


def committed(client: AdminClient, group: str, topic: str, partitions: int) -> dict[int, int | None]:
    """Partition → the group's committed offset, None where it has none."""
    if not partitions:
        return {}
    request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p) for p in range(partitions)])

    def ask() -> list[TopicPartition]:
        future = client.list_consumer_group_offsets([request], request_timeout=ASK_SECONDS)[group]
        return future.result().topic_partitions or []

    answer = answered(ask, f"group {group}")
    return {p.partition: p.offset if p.offset >= 0 else None for p in answer}


def newest(kafka: Kafka, topic: str) -> dict[bytes, bytes]:
    """Each key's newest record in a compacted `topic`, those with a tombstone left out."""
    records: dict[bytes, bytes | None] = {}
    for message in read_to_end(kafka, topic):
        records[octets(message.key()) or b""] = octets(message.value())
    return {key: value for key, value in records.items() if value is not None}
