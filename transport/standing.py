"""How far the stream's services are, as the cluster knows it: offsets, and the newest record of a key."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from confluent_kafka import (
    Consumer,
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
"""How long one question may take before it is asked again."""

_AGAIN_SECONDS = 0.1
_MENDS_ITSELF = {
    KafkaError._NOENT,  # noqa: SLF001 (their public names) of partitions whose brokers are all away
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.UNKNOWN_LEADER_EPOCH,
}
"""What a new cluster, topic, coordinator of a group or leader of a partition says for a moment."""
_STALE = {KafkaError.FENCED_LEADER_EPOCH}
"""Said for ever to an admin client that knew a partition before its broker was killed: it needs a new one."""
_MISSING = {KafkaError.UNKNOWN_TOPIC_OR_PART}
"""Said for longer, it is no outage that could be waited out."""


def answered(ask: Callable[[], Answer], what: str) -> Answer:
    """What the cluster answers about `what`, asked again while the trouble mends itself.

    Raises:
        UnreachableError: no answer came in time, or none comes to this client any more.
        ScoreloopError: it refused, or there is no such topic.
    """
    until = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            # A future keeps its exception, whose frames keep the client: a cycle that Python might collect in
            # the client's own thread, and a client that is destroyed there takes the process with it.
            error.__traceback__ = None
            code, sentence = error.args[0].code(), f"{what}: {clients.reason(error)}"
            if code in _STALE:
                raise clients.UnreachableError(sentence) from None
            if code not in _MENDS_ITSELF:
                raise ScoreloopError(sentence) from None
            if time.monotonic() > until:
                raise (ScoreloopError if code in _MISSING else clients.UnreachableError)(sentence) from None
        time.sleep(_AGAIN_SECONDS)


def offsets(
    client: AdminClient, topic: str, partitions: int, at: OffsetSpec, *, committed_only: bool = True
) -> dict[int, int]:
    """Partition → the offset that `at` asks for; an end is before the first open transaction, unless told."""
    request = {TopicPartition(topic, partition): at for partition in range(partitions)}

    def ask() -> dict[int, int]:
        level = IsolationLevel.READ_COMMITTED if committed_only else IsolationLevel.READ_UNCOMMITTED
        futures = client.list_offsets(request, isolation_level=level, request_timeout=ASK_SECONDS)
        found = {partition.partition: future.result().offset for partition, future in futures.items()}
        if unknown := [partition for partition, offset in found.items() if offset < 0]:
            # A leader that did not answer in time leaves no error with its partitions, only no offset.
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no answer on {unknown}"))  # noqa: SLF001 (its public name)
        return found

    return answered(ask, f"offsets of {topic}")


def committed(kafka: Kafka, group: str, topic: str, partitions: int) -> dict[int, int | None]:
    """Partition → the group's committed offset, None where it has none.

    Asked as a consumer that does not join: the admin client's questions to a coordinator that is not up yet
    can abort the process (librdkafka's `eonce->refcnt`, confluent-kafka-python#1640).

    Raises:
        ScoreloopError: the group's coordinator did not answer in time.
    """
    found = committed_places(kafka, group, topic, partitions)
    return {p.partition: p.offset if p.offset >= 0 else None for p in found}


def committed_places(kafka: Kafka, group: str, topic: str, partitions: int) -> list[TopicPartition]:
    """The same with the metadata that stands beside each offset; one below 0 where there is none."""
    asked = [TopicPartition(topic, partition) for partition in range(partitions)]
    with bystander(kafka, group) as consumer:
        ask = partial(consumer.committed, asked, ANSWER_SECONDS)
        return answered(ask, f"group {group}") if asked else []


def commit(kafka: Kafka, group: str, offsets: list[TopicPartition]) -> None:
    """Commit `offsets` for a group that has no member.

    Raises:
        ScoreloopError: the group has members, or its coordinator did not answer in time.
    """
    with bystander(kafka, group) as consumer:
        answered(partial(consumer.commit, offsets=offsets, asynchronous=False), f"group {group}")


@contextmanager
def bystander(kafka: Kafka, group: str) -> Iterator[Consumer]:
    """A consumer that names a group and does not join it."""
    consumer = clients.consumer(kafka, group)
    try:
        yield consumer
    except KafkaException as error:
        raise ScoreloopError(f"group {group}: {clients.reason(error)}") from None
    finally:
        consumer.close()


def newest(kafka: Kafka, topic: str) -> dict[bytes, bytes]:
    """Each key's newest record in a compacted `topic`, those with a tombstone left out."""
    records: dict[bytes, bytes | None] = {}
    for message in read_to_end(kafka, topic):
        records[octets(message.key()) or b""] = octets(message.value())
    return {key: value for key, value in records.items() if value is not None}
