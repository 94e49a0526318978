"""Reading a topic from its beginning up to the cut."""

import time
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import Message, TopicPartition

from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients
from transport.reading import READER_GROUP, arrived, is_end, is_record

_AT_ONCE = 10_000
_WAIT_SECONDS = 0.2
_FETCH_WAIT_MS = 50
"""How long the broker holds a fetch back at the end of a partition: a transaction is waited for there."""
PATIENCE_SECONDS = 120.0
"""Twice the timeout after which the broker aborts a transaction."""

Progress = Callable[[int], None]
"""Hears by how many offsets the reading went on."""


def read_to(kafka: Kafka, topic: str, ends: Mapping[int, int], tell: Progress) -> Iterator[Message]:
    """Every committed record of `topic` below `ends`, in order within a partition.

    A partition is read when its end has been passed, not when it seems to have no more: what an open
    transaction holds back is waited for.

    Raises:
        ScoreloopError: an end was not reached in time.
    """
    at = {partition: 0 for partition, end in ends.items() if end > 0}
    # Reading begins with the earliest that retention has left, also of what it takes while this reads.
    consumer = clients.consumer(
        kafka,
        READER_GROUP,
        enable_partition_eof=True,
        auto_offset_reset="earliest",
        fetch_wait_max_ms=_FETCH_WAIT_MS,
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in at])
    heard = time.monotonic()
    told = 0
    try:
        while unread := {partition for partition in at if at[partition] < ends[partition]}:
            for message in arrived(consumer, _AT_ONCE, _WAIT_SECONDS):
                partition, offset = message.partition() or 0, message.offset() or 0
                if is_end(message):
                    at[partition] = max(at[partition], offset)
                elif is_record(message):
                    at[partition] = offset + 1
                    if offset < ends[partition]:
                        yield message
            for partition in unread:
                if at[partition] >= ends[partition]:
                    consumer.pause([TopicPartition(topic, partition)])
            now = sum(min(offset, ends[partition]) for partition, offset in at.items())
            if now > told:
                heard = time.monotonic()
                tell(now - told)
                told = now
            elif time.monotonic() > heard + PATIENCE_SECONDS:
                partition = min(unread)
                raise _stuck(topic, partition, at[partition], ends[partition])
    finally:
        consumer.close()


def _stuck(topic: str, partition: int, at: int, end: int) -> ScoreloopError:
    return ScoreloopError(
        f"{topic}-{partition} could be read up to offset {at} and not to {end} in {PATIENCE_SECONDS:.0f} s: "
        "no broker answers, or a transaction stays open; try again"
    )
