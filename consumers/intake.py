"""One member's consumer: micro-batches, rewinding, and the names of what can go wrong with reading.

Callbacks only set a flag: an exception raised in one loses records below the position
(confluent-kafka-python#729), and a transaction is never open while they run, because the loop opens and ends
each within one turn.
"""

import logging

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from events.errors import ScoreloopError
from events.settings import Settings
from events.topics import Topic
from transport import clients
from transport.reading import passing

IDLE_SECONDS = 0.1
"""How long a turn waits for a first record: also how soon a stop or a swap is noticed when idle."""

_SESSION_TIMEOUT_MS = 6_000
"""A killed member's partitions move on after this."""
_ANSWER_SECONDS = 30.0

_GONE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001 (their public names)
_log = logging.getLogger(__name__)


class HaltError(ScoreloopError):
    """Going on by itself would lose or repeat records: a person has to look."""


class IntakeLostError(Exception):
    """The consumer can do no more: build it anew and go on from the committed offsets."""


class Intake:
    """The consumer of one member of a group, on one topic.

    A batch never spans a rebalance: what was gathered across one is dropped and read again by whoever owns
    it, because the offsets of a partition that has moved would be committed under the new generation.
    """

    def __init__(self, settings: Settings, topic: Topic, group: str, member: str) -> None:
        self.topic = topic.of(settings.name)
        self._most = settings.scoring.batch_records
        self._wait = settings.scoring.batch_wait / 1000
        self._moved = False
        self._consumer: Consumer = clients.consumer(
            settings.kafka,
            group,
            group_instance_id=member,
            session_timeout_ms=_SESSION_TIMEOUT_MS,
            partition_assignment_strategy="range",
        )
        self._consumer.subscribe(
            [self.topic], on_assign=self._note_move, on_revoke=self._note_move, on_lost=self._note_move
        )

    def gather(self) -> list[Message]:
        """The next records, at most `batch_records`, waiting at most `batch_wait` once there is one.

        Raises:
            HaltError: the committed offset is gone, or the topic is.
            IntakeLostError: the consumer can do no more.
        """
        self._moved = False
        try:
            first = self._consumer.poll(IDLE_SECONDS)
            if first is None:
                return []
            rest = self._consumer.consume(self._most - 1, self._wait) if self._most > 1 else []
        except KafkaException as error:
            raise IntakeLostError(clients.reason(error)) from error
        records = [message for message in (first, *rest) if self._is_record(message)]
        if self._moved and records:
            self.rewind()
            return []
        return records

    def rewind(self) -> None:
        """Go back to the committed offsets: an aborted transaction leaves the position after its records.

        Raises:
            HaltError: a partition has none.
            IntakeLostError: the group's coordinator did not answer, or a partition cannot be sought.
        """
        try:
            for partition in self._consumer.committed(self._consumer.assignment(), _ANSWER_SECONDS):
                if partition.error is not None:
                    raise IntakeLostError(partition.error.str())
                if partition.offset < 0:
                    raise HaltError(_gone(partition, "none is committed"))
                self._consumer.seek(partition)
        except KafkaException as error:
            raise IntakeLostError(clients.reason(error)) from error

    def group_metadata(self) -> object:
        """The member's identity and generation, which travels with the offsets and fences zombies."""
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        """Leave off reading. A static member stays in the group until its session ends."""
        self._consumer.close()

    def _note_move(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._moved = True
        _log.info("rebalance: %s", ", ".join(f"{p.topic}-{p.partition}" for p in partitions) or "nothing")

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        code = error.code()
        if code in _GONE:
            raise HaltError(_gone(TopicPartition(self.topic, message.partition() or 0), error.str()))
        if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise HaltError(
                f"{self.topic} is gone; if that was meant, run `scoreloop topics create STREAM.toml`"
            )
        if not passing(error):
            raise IntakeLostError(error.str())  # also _FATAL, whose own fatal() says no
        _log.warning("reading %s: %s", self.topic, error.str())
        return False


def _gone(partition: TopicPartition, why: str) -> str:
    return (
        f"{partition.topic}-{partition.partition}: the offset to go on from does not exist ({why}). "
        "Nothing was skipped. Either the group never had one: run `scoreloop topics create STREAM.toml`; "
        "or records were deleted before they were scored"
    )


def next_offsets(messages: list[Message]) -> list[TopicPartition]:
    """The offsets to commit after `messages`: from the records themselves, never from the position."""
    last: dict[tuple[str, int], int] = {}
    for message in messages:
        last[message.topic(), message.partition()] = message.offset()  # type: ignore[index,assignment]
    return [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()]
