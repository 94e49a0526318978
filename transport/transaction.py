"""The transaction: the one place that begins, commits, aborts and sends offsets.

    producer = TransactionalProducer(kafka, "scoreloop.electricity.scorer.0")
    producer.commit(outputs, offsets, consumer.consumer_group_metadata())

`commit` either returns, and all of it is visible to read_committed readers, or raises one of two:

- `TransactionAbortedError`: none of it is or will be visible. Rewind to the committed offsets and go on.
- `ProducerLostError`: unknown, or this producer can do no more. Throw it and its consumer away, build new
  ones, and go on from the committed offsets. Only those say what happened.

What is not promised: that a record is visible the moment `commit` returns on a reader that was paused, or
anything about records produced by other means.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from events.outputs import ANY_PARTITION, Message, Output, Outputs
from events.settings import Kafka, Property
from events.topics import DEAD_LETTER_MAX_BYTES
from transport import clients

TRANSACTION_TIMEOUT_MS = 60_000
"""The broker aborts a transaction that is older; below the consumers' max.poll.interval.ms."""

_MESSAGE_MAX_BYTES = (
    DEAD_LETTER_MAX_BYTES + 1024 * 1024
)  # the producer's own limit counts more than the broker's
_CALL_SECONDS = 5.0
_OFFSETS_SECONDS = 15.0
"""A coordinator that lives answers in milliseconds, and one that has moved in a few seconds."""
_ROOM_SECONDS = 0.1
_FENCED = {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}  # noqa: SLF001


class TransactionAbortedError(Exception):
    """The transaction was aborted: nothing of it is visible; the same producer can go on."""


class ProducerLostError(Exception):
    """The transaction's end is unknown, or the producer is unusable: build everything anew."""


class ProducerFencedError(ProducerLostError):
    """The broker has given this transactional id to another epoch: a newer process, or a stall."""


class TransactionalProducer:
    """A producer whose every write is one transaction under a stable transactional id.

    Opening it fences its predecessor of the same id and settles what that one left open.

    Raises:
        ProducerLostError: the coordinator could not be reached in `open_seconds`.
    """

    def __init__(
        self, kafka: Kafka, transactional_id: str, *, open_seconds: float | None = None, **ours: Property
    ) -> None:
        self._stuck = False
        self._producer = clients.producer(
            kafka,
            **{
                "transactional_id": transactional_id,
                "transaction_timeout_ms": TRANSACTION_TIMEOUT_MS,
                "message_max_bytes": _MESSAGE_MAX_BYTES,
                "linger_ms": 0,  # a commit flushes at once, and nothing here is sent without one
                **ours,
            },
        )
        until = None if open_seconds is None else time.monotonic() + open_seconds
        self._named(lambda: self._producer.init_transactions(_CALL_SECONDS), until)

    def commit(
        self,
        outputs: Outputs,
        offsets: Sequence[TopicPartition] = (),
        group: object = None,
    ) -> None:
        """Write all of `outputs` and `offsets`, or nothing.

        The steps have numbers because the fault tests kill between them: 1 begin, 2 produce, 3 offsets,
        4 commit. The commit has no timeout of its own: one that timed out would leave its end unknown,
        and the broker's transaction timeout bounds it.
        """
        try:
            self._named(self._producer.begin_transaction)
            self._produce(outputs)
            if offsets:
                self._named(lambda: self._send(list(offsets), group))
            self._named(self._producer.commit_transaction)
        except TransactionAbortedError:
            self._named(self._producer.abort_transaction)
            raise

    def close(self) -> None:
        """Let go of the connection. A transaction left open is the broker's to abort."""
        if self._stuck:
            return  # it would wait for the call that does not come back
        try:
            with suppress(KafkaException):  # a fenced producer answers even a good-bye with its fatal error
                self._producer.purge()
                self._producer.close()
        except SystemError as error:  # it warns that it could not abort, and warnings may be errors
            if not isinstance(error.__cause__, RuntimeWarning):
                raise

    def _send(self, offsets: list[TopicPartition], group: object) -> None:
        """Step 3, in a thread of its own, which is left behind if it does not come back.

        The call may wait for ever after the group's coordinator was killed, whatever timeout it is given
        (librdkafka#5456, #5511). One that comes back late has no effect: nobody commits its transaction.
        """
        ended: list[BaseException | None] = []

        def send() -> None:
            try:
                self._producer.send_offsets_to_transaction(offsets, group)
            except BaseException as error:  # noqa: BLE001 (raised again below)
                ended.append(error)
            else:
                ended.append(None)

        thread = Thread(target=send, daemon=True)
        thread.start()
        thread.join(_OFFSETS_SECONDS)
        if not ended:
            self._stuck = True
            raise ProducerLostError(f"the offsets were not taken in {_OFFSETS_SECONDS:.0f} s")
        if ended[0] is not None:
            raise ended[0]

    def _produce(self, outputs: Outputs) -> None:
        for topic, messages in outputs.many.items():
            self._produce_many(topic, ANY_PARTITION, messages)
        for (topic, partition), messages in outputs.placed.items():
            self._produce_many(topic, partition, messages)
        for record in outputs.single:
            while not self._queued(record):
                self._producer.poll(_ROOM_SECONDS)

    def _produce_many(self, topic: str, partition: int, messages: list[Message]) -> None:
        """`produce_batch`, which marks each message that it did not take with an `_error`."""
        waiting: list[Any] = messages
        while waiting:
            try:
                if self._producer.produce_batch(topic, waiting, partition) == len(waiting):
                    return
            except BufferError:
                pass  # none was taken, or some were: the marks say which
            waiting = [message for message in waiting if _not_taken(message)]
            self._producer.poll(_ROOM_SECONDS)

    def _queued(self, record: Output) -> bool:
        """Whether librdkafka's queue had room for `record`."""
        try:
            self._producer.produce(
                record.topic, record.value, record.key, record.partition, headers=list(record.headers)
            )
        except BufferError:
            return False
        except KafkaException as error:
            raise TransactionAbortedError(f"{record.topic}: {clients.reason(error)}") from error
        return True

    def _named(self, call: Callable[..., Any], until: float | None = None) -> None:
        """`call`, again while librdkafka says that the same call may succeed; its failure by name."""
        while True:
            try:
                call()
            except KafkaException as error:
                cause = error.args[0]
                if cause.code() in _FENCED:
                    raise ProducerFencedError(cause.str()) from error
                if cause.txn_requires_abort():
                    raise TransactionAbortedError(cause.str()) from error
                if not cause.retriable() or cause.fatal() or (until and time.monotonic() > until):
                    raise ProducerLostError(cause.str()) from error
                self._producer.poll(_ROOM_SECONDS)
            else:
                return


def _not_taken(message: dict[str, Any]) -> bool:
    """Whether `message` still waits for room.

    Raises:
        TransactionAbortedError: it never will be taken, such as one that is too large.
    """
    error: KafkaError | None = message.pop("_error", None)
    if error is not None and error.code() != KafkaError._QUEUE_FULL:  # noqa: SLF001 (its public name)
        raise TransactionAbortedError(error.str())
    return error is not None
