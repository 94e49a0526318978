"""One member's consumer: micro-batches, rewinding, and the names of what can go wrong with reading.

Callbacks only set a flag: an exception raised in one loses records below the position
(confluent-kafka-python#729), and a transaction is never open while they run, because the loop opens and ends
each within one turn.
"""

import logging
from collections.abc import Sequence
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumers.turn import Batch, Received
from events.errors import ScoreloopError
from events.settings import Kafka, Property, Settings
from events.topics import Topic
from transport import clients
from transport.reading import is_end, passing

IDLE_SECONDS = 0.1
"""How long a turn waits for a first record: also how soon a stop or a swap is noticed when idle."""

_SESSION_TIMEOUT_MS = 6_000
"""A killed member's partitions move on after this; of a group by KIP-848 the brokers say when."""
_MAX_POLL_INTERVAL_MS = 900_000
"""How long a turn may take: restoring ten million waiting predictions takes minutes."""
_ANSWER_SECONDS = 30.0

_GONE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001 (their public names)
_log = logging.getLogger(__name__)


class HaltError(ScoreloopError):
    """Going on by itself would lose or repeat records: a person has to look."""


class IntakeLostError(Exception):
    """The consumer can do no more: build it anew and go on from the committed offsets."""


class Intake:
    """The consumer of one member of a group.

    A batch never spans a rebalance: what was gathered across one is dropped and read again by whoever owns
    it, because the offsets of a partition that has moved would be committed under the new generation.
    Topics with as many partitions as each other are handed out together (range): a member that has
    partition 3 of one has it of all.

    A `member` with a name keeps its place in the group over a restart, and for a while after its end; one
    without leaves the group when it is closed. By KIP-848 none has a name: brokers refuse one that comes
    back before the session of the one that was killed has ended.

    `most` is how many records a batch has at most, by default as many as one that is scored.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[Topic],
        group: str,
        member: str | None,
        most: int | None = None,
    ) -> None:
        self.topics = [topic.of(settings.name) for topic in topics]
        self._most = most or settings.scoring.batch_records
        self._wait = settings.scoring.batch_wait / 1000
        self._moved = False
        self._consumer: Consumer = clients.consumer(
            settings.kafka,
            group,
            **_membership(settings.kafka, member),
            max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
            enable_partition_eof=True,
        )
        self._consumer.subscribe(
            self.topics, on_assign=self._note_move, on_revoke=self._note_move, on_lost=self._note_move
        )

    def gather(self) -> Batch:
        """The next records, at most `most`, waiting at most `batch_wait` once there is one.

        Raises:
            HaltError: the committed offset is gone, or a topic is.
            IntakeLostError: the consumer can do no more.
        """
        self._moved = False
        try:
            first = self._consumer.poll(IDLE_SECONDS)
            rest = self._consumer.consume(self._most - 1, self._wait) if first is not None else []
        except KafkaException as error:
            raise IntakeLostError(clients.reason(error)) from error
        came = [] if first is None else [first, *rest]
        records = cast("list[Received]", [message for message in came if message.error() is None])
        others = [message for message in came if message.error() is not None and self._is_end(message)]
        ends = {(end.topic(), end.partition()): end.offset() for end in cast("list[Received]", others)}
        if self._moved:
            return Batch(began=self._committed() if not came else self.rewind())
        return Batch(records, ends)

    def rewind(self) -> list[TopicPartition]:
        """Go back to the committed offsets: an aborted transaction leaves the position after its records.

        Raises:
            HaltError: a partition has none.
            IntakeLostError: the group's coordinator did not answer, or a partition cannot be sought.
        """
        committed = self._committed()
        try:
            for partition in committed:
                self._consumer.seek(partition)
        except KafkaException as error:
            raise IntakeLostError(clients.reason(error)) from error
        return committed

    def _committed(self) -> list[TopicPartition]:
        try:
            committed = self._consumer.committed(self._consumer.assignment(), _ANSWER_SECONDS)
        except KafkaException as error:
            raise IntakeLostError(clients.reason(error)) from error
        for partition in committed:
            if partition.error is not None:
                raise IntakeLostError(partition.error.str())
            if partition.offset < 0:
                raise HaltError(_gone(partition.topic, partition.partition, "none is committed"))
        return committed

    def group_metadata(self) -> object:
        """The member's identity and generation, which travels with the offsets and fences zombies."""
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        """Leave off reading. A static member stays in the group until its session ends."""
        self._consumer.close()

    def _note_move(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._moved = True
        _log.info("rebalance: %s", ", ".join(f"{p.topic}-{p.partition}" for p in partitions) or "nothing")

    def _is_end(self, message: Message) -> bool:
        """Whether what is no record is a partition's end; else it is trouble that mends itself, or raised."""
        if is_end(message):
            return True
        error, topic = cast("KafkaError", message.error()), message.topic() or self.topics[0]
        if error.code() in _GONE:
            raise HaltError(_gone(topic, message.partition(), error.str()))
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise HaltError(
                f"{topic} is gone; if that was meant, run `scoreloop topics create STREAM.toml`, and see "
                "`scoreloop offsets show STREAM.toml`"
            )
        if not passing(error):
            raise IntakeLostError(error.str())  # also _FATAL, whose own fatal() says no
        _log.warning("reading %s: %s", topic, error.str())
        return False


def _membership(kafka: Kafka, member: str | None) -> dict[str, Property]:
    if kafka.group_protocol == "consumer":
        return {"group_protocol": "consumer", "group_remote_assignor": "range"}
    return {
        "session_timeout_ms": _SESSION_TIMEOUT_MS,
        "partition_assignment_strategy": "range",
        **({} if member is None else {"group_instance_id": member}),
    }


def _gone(topic: str, partition: int | None, why: str) -> str:
    return (
        f"{topic}-{partition}: the offset to go on from does not exist ({why}). Nothing was skipped. "
        "Either the group never had one: run `scoreloop topics create STREAM.toml`; "
        "or records were deleted before they were read: `scoreloop offsets show STREAM.toml` says how many, "
        "and `scoreloop offsets skip` is the recorded way past them"
    )
