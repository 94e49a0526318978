"""Reading what has been written to a topic, also what was not yet committed when the reading began.

A transaction's offsets can be visible a moment before its records are. So who restores a state that belongs
to committed offsets asks for these first, and then reads past all that stands in the topic: up to the high
watermark, and not only up to where committed records end now, as `transport.reading.read_to_end` does.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import KafkaException, Message, TopicPartition

from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients
from transport.reading import AT_ONCE, READER_GROUP, WAIT_SECONDS, arrived, is_end, is_record, partitions_of

Say = Callable[[str], None]

_ANSWER_SECONDS = 60.0
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
    ends = _ends(kafka, topic)
    first = dict.fromkeys(ends, 0) if starts is None else dict(starts)
    unread = {partition: ends[partition] for partition, start in first.items() if start < ends[partition]}
    return _read_up_to(kafka, topic, first, unread, _Silence(topic, say))


def _ends(kafka: Kafka, topic: str) -> dict[int, int]:
    """Partition → its high watermark: the offset after all that was written, committed or not."""
    consumer = clients.consumer(kafka, READER_GROUP, isolation_level="read_uncommitted")
    try:
        return {
            partition: consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=_ANSWER_SECONDS, cached=False
            )[1]
            for partition in partitions_of(consumer, kafka, topic)
        }
    except KafkaException as error:
        raise ScoreloopError(f"{topic}: {clients.reason(error)}") from None
    finally:
        consumer.close()


def _read_up_to(
    kafka: Kafka, topic: str, starts: Mapping[int, int], unread: dict[int, int], silence: "_Silence"
) -> Iterator[Message]:
    """The records from `starts` up to the offsets in `unread`, which is emptied."""
    # A start below the end that does not exist is one whose records were deleted: the earliest is meant.
    consumer = clients.consumer(
        kafka,
        READER_GROUP,
        enable_partition_eof=True,
        auto_offset_reset="earliest",
        fetch_wait_max_ms=_FETCH_WAIT_MS,
    )
    consumer.assign([TopicPartition(topic, partition, starts[partition]) for partition in unread])
    try:
        while unread:
            messages = arrived(consumer, AT_ONCE, WAIT_SECONDS)
            for message in messages:
                record = not is_end(message) and is_record(message)
                partition, following = message.partition() or 0, (message.offset() or 0) + record
                if partition not in unread or not (record or is_end(message)):
                    continue
                if record and following <= unread[partition]:
                    yield message
                if following >= unread[partition]:
                    del unread[partition]
                    consumer.pause([TopicPartition(topic, partition)])
            silence.note(broken=bool(messages))
    finally:
        consumer.close()


class _Silence:
    """Nothing comes while what comes next belongs to an open transaction: says so, and has an end."""

    def __init__(self, topic: str, say: Say | None) -> None:
        self._topic, self._say = topic, say
        self._since = time.monotonic()
        self._next = _SAY_AFTER_SECONDS

    def note(self, *, broken: bool) -> None:
        """Nothing came, or the silence was `broken`.

        Raises:
            ScoreloopError: it has lasted for longer than a transaction may.
        """
        if broken:
            self._since, self._next = time.monotonic(), _SAY_AFTER_SECONDS
            return
        lasted = time.monotonic() - self._since
        if lasted > _OPEN_SECONDS:
            raise ScoreloopError(
                f"{self._topic}: a transaction has been open, or no broker has answered, for {lasted:.0f} s; "
                "see the broker's log"
            )
        if self._say is not None and lasted > self._next:
            self._next += _SAY_EVERY_SECONDS
            self._say(f"{self._topic}: waiting for a transaction that is still open, or for the broker")
