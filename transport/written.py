"""Reading what has been written to a topic, also what was not yet committed when the reading began.

A transaction's offsets can be visible a moment before its records are. So who restores a state that belongs
to committed offsets asks for these first, and then reads past all that stands in the topic: up to the high
watermark, and not only up to where committed records end now, as `transport.reading.read_to_end` does.
"""

from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import Message, TopicPartition

from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients
from transport.reading import READER_GROUP, ends, partitions_of, read_up_to

Say = Callable[[str], None]

_OPEN_SECONDS = 120.0
"""An open transaction ends before: the broker aborts it after its timeout of 60 s, looking every 10 s."""
_SAY_AFTER_SECONDS, _SAY_EVERY_SECONDS = 2.0, 10.0
_FETCH_WAIT_MS = 50
"""How long the broker holds a fetch back at the end of a partition: most reads end with one."""


def read_written(
    kafka: Kafka, topic: str, starts: Mapping[int, int] | None = None, say: Say | None = None
) -> Iterator[Message]:
    """The committed records among all that stands in `topic` at this call; open transactions are waited for.

    `starts` is partition → the first offset wanted; without it all partitions are read from their beginnings.
    A start below the log's beginning means the beginning. `say` gets a line when there is something to wait
    for; what it raises ends the reading.

    Order holds within a partition. Nothing is yielded that was written after the call, and the ends are asked
    for at the call, not at the first record. An open transaction is waited for until its writer or the broker
    ends it: this is for topics that scoreloop itself writes, as another program may keep one open for longer.

    Raises:
        ScoreloopError: there is no such topic, it cannot be read, or a transaction stays open.
    """
    written = _ends(kafka, topic)
    first = dict.fromkeys(written, 0) if starts is None else dict(starts)
    unread = {
        partition: written[partition] for partition, start in first.items() if start < written[partition]
    }
    return _read(kafka, topic, {partition: first[partition] for partition in unread}, unread, say)


def _ends(kafka: Kafka, topic: str) -> dict[int, int]:
    """Partition → its high watermark: the offset after all that was written, committed or not."""
    consumer = clients.consumer(kafka, READER_GROUP, isolation_level="read_uncommitted")
    try:
        return ends(consumer, topic, partitions_of(consumer, kafka, topic))
    finally:
        consumer.close()


def _read(
    kafka: Kafka, topic: str, starts: Mapping[int, int], unread: Mapping[int, int], say: Say | None
) -> Iterator[Message]:
    # A start below the end that does not exist is one whose records were deleted: the earliest is meant.
    consumer = clients.consumer(
        kafka,
        READER_GROUP,
        enable_partition_eof=True,
        auto_offset_reset="earliest",
        fetch_wait_max_ms=_FETCH_WAIT_MS,
    )
    consumer.assign([TopicPartition(topic, partition, start) for partition, start in starts.items()])
    try:
        yield from read_up_to(consumer, topic, unread, _Waiting(say))
    finally:
        consumer.close()


class _Waiting:
    """Nothing comes while what comes next belongs to an open transaction: says so, and has an end."""

    def __init__(self, say: Say | None) -> None:
        self._say = say
        self._next = _SAY_AFTER_SECONDS

    def __call__(self, topic: str, seconds: float) -> None:
        """Nothing has come for `seconds`.

        Raises:
            ScoreloopError: that is longer than a transaction may last.
        """
        if seconds > _OPEN_SECONDS:
            raise ScoreloopError(
                f"{topic}: a transaction has been open, or no broker has answered, for {seconds:.0f} s; "
                "see the broker's log"
            )
        if seconds < _SAY_AFTER_SECONDS:
            self._next = _SAY_AFTER_SECONDS
        elif seconds >= self._next and self._say is not None:
            self._next += _SAY_EVERY_SECONDS
            self._say(f"{topic}: waiting for a transaction that is still open, or for the broker")
