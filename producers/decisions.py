"""Decisions of operators: put to the trainer, and what becomes of them."""

import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from confluent_kafka import KafkaException, Message, TopicPartition

from events import topics
from events.dead_letters import octets
from events.internal import Process
from events.records import Decision, DecisionResult
from events.settings import Settings
from producers.delivery import Delivery
from transport import clients
from transport.reading import READER_GROUP, is_end, is_record
from transport.topics import require

Action = Literal["retrain", "rollback", "promote", "reject", "pause", "resume"]

HEARD_MS = 15_000
"""A trainer that has said nothing for so long does not run: it speaks every five seconds."""

_ANSWER_SECONDS, _POLL_SECONDS = 30.0, 0.2
_FETCH_WAIT_MS = 50


def decided(
    action: Action,
    reason: str,
    *,
    model_version: int | None = None,
    target_version: int | None = None,
    evidence: dict[str, Any] | None = None,
) -> Decision:
    """A decision of an operator's, made now."""
    return Decision(
        decision_id=str(uuid.uuid4()),
        ts=_now(),
        action=action,
        model_version=model_version,
        target_version=target_version,
        requested_by="operator",
        reason=reason,
        alarm_id=None,
        evidence=evidence or {},
    )


class Asking:
    """Listens to the trainers of a stream, and puts decisions to them.

    Raises:
        ScoreloopError: a topic or the broker is missing.
    """

    def __init__(self, settings: Settings) -> None:
        require(settings, topics.CONTROL, topics.MODELS, topics.SERVICES)
        self._control, self._models, self._services = (
            topic.of(settings.name) for topic in (topics.CONTROL, topics.MODELS, topics.SERVICES)
        )
        self._key = b""
        self._trainers: dict[str, Process] = {}
        self._delivery = Delivery(settings.kafka)  # first: it takes half a second until it can send
        self._consumer = clients.consumer(
            settings.kafka,
            READER_GROUP,
            enable_partition_eof=True,
            auto_offset_reset="earliest",
            fetch_wait_max_ms=_FETCH_WAIT_MS,
        )
        try:
            self._listen()
        except KafkaException as error:
            raise clients.unreachable(settings.kafka, error) from None
        except BaseException:
            self._consumer.close()
            raise

    @property
    def trainer_runs(self) -> bool:
        """Whether a trainer was heard of lately."""
        now = _now()
        return any(
            process.error is None and now - process.ts < HEARD_MS for process in self._trainers.values()
        )

    def put(self, decision: Decision) -> None:
        """Write `decision` to `control`: acknowledged when this returns, and there it stays.

        Raises:
            ScoreloopError: it was not taken.
        """
        self._key = topics.decision_key(decision.decision_id)
        self._delivery.send(self._control, decision.decision_id, decision.encoded())
        self._delivery.finish()

    def result(self, seconds: float, tell: Callable[[str], None]) -> DecisionResult | None:
        """What became of the decision that was put, None if that is not known in `seconds`.

        `tell` gets what the trainers say that they do.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            message = self._consumer.poll(min(left, _POLL_SECONDS))
            if message is None or is_end(message) or not is_record(message):
                continue
            if message.topic() == self._services:
                self._note(message, tell)
            elif octets(message.key()) == self._key:
                return DecisionResult.model_validate_json(octets(message.value()) or b"")
        return None

    def close(self) -> None:
        """Listen no more."""
        self._consumer.close()

    def _listen(self) -> None:
        """Read `models` from its end on, and hear which trainers there are."""
        place = TopicPartition(self._models, 0)
        _, end = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS, cached=False)
        # 0, and not the beginning's name, which costs the client half a second to ask for.
        self._consumer.assign([TopicPartition(self._models, 0, end), TopicPartition(self._services, 0, 0)])
        until = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < until:
            message = self._consumer.poll(_POLL_SECONDS)
            if message is None or message.topic() != self._services:
                continue
            if is_end(message):
                return
            if is_record(message):
                self._note(message, lambda _: None)

    def _note(self, message: Message, tell: Callable[[str], None]) -> None:
        slot = (octets(message.key()) or b"").decode(errors="replace")
        if not slot.startswith(f"{topics.TRAINER}-"):
            return
        before, now = self._trainers.pop(slot, None), Process.found(octets(message.value()) or b"")
        if now is not None:
            self._trainers[slot] = now
            if now.detail and (before is None or before.detail != now.detail):
                tell(f"{slot}: {now.detail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def _now() -> int:
    return time.time_ns() // 1_000_000
