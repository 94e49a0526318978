"""The transaction loop: the only place where a service's reading, writing and offsets meet.

One turn:

1. gather  a micro-batch, limited in records and in milliseconds; often an empty one
2. step    the service's own part: (batch, now) → what to write; first it hears where reading starts anew
3. commit  what to write, and the batch's offsets, all or nothing (`transport.transaction` has its own steps)
4. note    how far the slot has come

What can go wrong has a name and one answer each:

| failure | answer |
| --- | --- |
| `TransactionAbortedError` | nothing is visible: rewind to the committed offsets, go on |
| `ProducerLostError`, `IntakeLostError`, `UnreachableError` | build both clients anew, go on as committed |
| any of them | the same, unless a newer process has this slot: then `ReplacedError` |
| `HaltError` | stop, with the sentence |

So a crash at any point loses and repeats nothing: what is visible and the offsets move together.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from confluent_kafka import TopicPartition

from consumers.intake import Intake, IntakeLostError
from consumers.turn import Batch, Step, Turn
from events.errors import ScoreloopError
from transport.clients import UnreachableError
from transport.in_turn import ProducersInTurn
from transport.transaction import ProducerLostError, TransactionAbortedError, TransactionalProducer

Committer = TransactionalProducer | ProducersInTurn

_MOST_ABORTS = 20
"""Aborts in a row after which the batch itself must be what cannot be written."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 10.0
TAKEN_OVER = "has taken this slot over"
"""In the last words of a process that was replaced; who supervises it does not start it again."""

_log = logging.getLogger(__name__)


class ReplacedError(ScoreloopError):
    """A newer process has taken this slot over; two of them would fence each other for ever."""


@dataclass
class Progress:
    """How far a slot has come since it started; counts are of committed work only."""

    offsets: dict[str, int] = field(default_factory=dict)
    """Partition → next offset."""
    read: int = 0
    written: int = 0
    aborts: int = 0
    rebuilds: int = 0


class TransactionLoop:
    """Runs `step` over what `intake` reads, each batch in one transaction.

    `producer` and `intake` build clients anew, in this order: opening the producer settles what a
    predecessor in the same slot left open, and only then may the committed offsets be read. `successor`
    names a newer process in the same slot, or None. `progress` is kept up to date for others to read.
    """

    def __init__(
        self,
        step: Step,
        producer: Callable[[], Committer],
        intake: Callable[[], Intake],
        successor: Callable[[], str | None],
        progress: Progress,
    ) -> None:
        self.progress = progress
        self._step = step
        self._producer = producer
        self._intake = intake
        self._successor = successor
        self._aborts_in_a_row = 0
        self._begun = False
        """Whether the intake that is read now has said where reading starts."""

    def run(self, stop: Event) -> None:
        """Turn until `stop` is set.

        Raises:
            HaltError: a person has to look.
            ReplacedError: a newer process runs in this slot.
        """
        pause = _FIRST_PAUSE_SECONDS
        while not stop.is_set():
            committed = self.progress.read
            try:
                self._begun = False
                with self._clients() as (producer, intake):
                    while not stop.is_set():
                        self._turn(producer, intake, stop)
            except (ProducerLostError, IntakeLostError, UnreachableError) as error:
                if (newer := self._newer()) is not None:
                    raise ReplacedError(f"a newer process ({newer}) {TAKEN_OVER}") from error
                self.progress.rebuilds += 1
                pause = _FIRST_PAUSE_SECONDS if self.progress.read > committed else pause * 2
                _log.warning("building the clients anew after: %s", error)
                stop.wait(min(pause, _LONGEST_PAUSE_SECONDS))

    def _newer(self) -> str | None:
        """A newer process in this slot; while no broker answers that is not known, and asked again later."""
        try:
            return self._successor()
        except UnreachableError:
            return None

    @contextmanager
    def _clients(self) -> Iterator[tuple[Committer, Intake]]:
        producer = self._producer()
        try:
            intake = self._intake()
            try:
                yield producer, intake
            finally:
                intake.close()
        finally:
            producer.close()

    def _turn(self, producer: Committer, intake: Intake, stop: Event) -> None:
        batch = intake.gather()
        if batch.began is not None:
            self._step.begin(batch.began)
            self._begun = True
        if not self._begun:
            return  # what the step still knows may be of a turn whose end nobody knows: it must begin first
        turn = self._step(batch, time.time_ns() // 1_000_000)
        offsets = _offsets(batch, turn)
        if not (offsets or len(turn.outputs)):
            return
        try:
            producer.commit(turn.outputs, offsets, intake.group_metadata())
        except TransactionAbortedError as error:
            self._note_abort(error, stop)
            self._step.begin(intake.rewind())
            return
        self._aborts_in_a_row = 0
        self.progress.read += len(batch.messages)
        self.progress.written += len(turn.outputs)
        self.progress.offsets |= {str(offset.partition): offset.offset for offset in offsets}

    def _note_abort(self, error: TransactionAbortedError, stop: Event) -> None:
        self.progress.aborts += 1
        self._aborts_in_a_row += 1
        _log.warning("a transaction was aborted and is done again: %s", error)
        if self._aborts_in_a_row >= _MOST_ABORTS:
            raise ScoreloopError(
                f"the same records could not be written {_MOST_ABORTS} times in a row: {error}"
            )
        stop.wait(_FIRST_PAUSE_SECONDS * (self._aborts_in_a_row - 1))


def _offsets(batch: Batch, turn: Turn) -> list[TopicPartition]:
    """What to commit: the batch's next offsets, and in their place what the step itself noted."""
    plain = batch.next_offsets.items()
    return [
        *(TopicPartition(*place, offset) for place, offset in plain if place not in turn.notes),
        *(TopicPartition(*place, offset, note) for place, (offset, note) in turn.notes.items()),
    ]
