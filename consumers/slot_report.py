"""What one process says of itself in a compacted topic, under the name of the slot that it runs.

Two processes can have one slot for a while: the newer fences the older. Each reports before it fences anyone,
so the order of first reports is that of beginnings, and a fenced process can tell a rival, which began later,
from a stall of its own.
"""

import os
import socket
import time

from confluent_kafka import KafkaError, Message, Producer

from consumers.loop import ReplacedError
from events.errors import ScoreloopError
from events.records import Record
from events.settings import Kafka
from transport import clients
from transport.reading import read_to_end

BEAT_SECONDS = 5.0
"""How often a slot is heard of; the contract allows 10."""

_FLUSH_SECONDS = 5.0


class _Named(Record):
    """What the records of all services have in common."""

    process: str | None = None


class SlotReport:
    """The reports of this process about `worker`, a slot such as `scorer-0`, in `topic` (its full name).

    `process` names it among those that have run the slot; its records carry it.
    """

    def __init__(self, kafka: Kafka, topic: str, worker: str) -> None:
        self.process = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self._kafka = kafka
        self._topic = topic
        self._worker = worker
        self._producer: Producer = clients.producer(kafka)
        self._born = -1

    def begin(self, record: Record) -> None:
        """Report for the first time; acknowledged when this returns.

        Raises:
            ScoreloopError: the topic does not take it.
        """
        self.write(record)
        if self._born < 0:
            raise ScoreloopError(f"{self._topic} does not take records; see the broker's log")

    def write(self, record: Record) -> None:
        """Report. While no broker answers this waits for a few seconds and goes on; the client tries on."""
        self._produce(record.encoded())

    def end(self, error: BaseException | None, last: Record) -> None:
        """The last word: a tombstone after a clean stop, `last` after an `error`.

        Of a slot that another process has taken over nothing more is said: it is no longer this one's.
        """
        if not isinstance(error, ReplacedError):
            self._produce(None if error is None else last.encoded())

    def successor(self) -> str | None:
        """A process that began in this slot after this one did, None without."""
        firsts: dict[str, int] = {}
        for message in read_to_end(self._kafka, self._topic):
            if message.key() == self._worker.encode():
                record = _Named.found(message.value() or b"")
                firsts.setdefault((record and record.process) or self.process, message.offset() or 0)
        firsts.pop(self.process, None)
        return next((process for process, first in firsts.items() if first > self._born), None)

    def _produce(self, value: bytes | None) -> None:
        self._producer.produce(self._topic, value, self._worker, on_delivery=self._note_birth)
        self._producer.flush(_FLUSH_SECONDS)

    def _note_birth(self, error: KafkaError | None, message: Message) -> None:
        if error is None and self._born < 0:
            self._born = message.offset() or 0
