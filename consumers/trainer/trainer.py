"""The trainer's step: decisions → what became of each, and the roles and versions that it made.

A decision's result, the roles, a version's manifest and the offset in `control` go in one transaction. A
`retrain` takes minutes, so it waits in line while other decisions, which take none, are acted on as they
come. The offset never goes past one that waits: after a restart it is read again, and what was settled behind
it is known by its result. A promotion that waits for approval holds nothing up either. Every commit carries
that offset, so a process that has lost `control` without knowing commits nothing.
"""

import logging
from collections.abc import Callable, Sequence

from confluent_kafka import TopicPartition

from consumers.trainer import actions
from consumers.trainer.actions import RejectedError
from consumers.trainer.approval import Approval, Awaited, awaited
from consumers.trainer.beginning import begun
from consumers.trainer.course import Course, Start
from consumers.trainer.ending import End, Unfit
from consumers.trainer.ledger import Intact, Ledger
from consumers.trainer.standing import Standing
from consumers.turn import Batch, Received, Turn
from events import topics
from events.internal import STANDING_BY
from events.outputs import Outputs
from events.records import Decision
from events.settings import Settings
from events.signatures import Sign, Trust, unsigned

WAITING = "waiting for decisions"
MOST_RETRAINS = 100
"""Retrains that may wait; more are rejected, so that memory has a bound."""

_PAUSED = "paused by decision "
_MOST_NOTE = 1_000
_log = logging.getLogger(__name__)


class Trainer:
    """Acts on one stream's decisions, each once.

    `standing` reads `models`, past all that was written when it is called; `intact` looks at an artefact;
    `start` starts a training; `detail` gets what is being done; `sign` signs versions and roles.
    """

    def __init__(
        self,
        settings: Settings,
        standing: Callable[[], Standing],
        intact: Intact,
        start: Start,
        detail: Callable[[str], None],
        sign: Sign = unsigned,
    ) -> None:
        self._schema = settings.schema_sha256
        self._decisions = settings.decisions
        self._control, self._models = topics.CONTROL.of(settings.name), topics.MODELS.of(settings.name)
        self._read = standing
        self._intact = intact
        self._detail = detail
        self._sign, self._trust = sign, Trust(settings)
        self._course = Course(start, settings.training.time_limit)
        self._ledger: Ledger | None = None
        self._retrains: dict[str, tuple[int, Decision]] = {}
        """Those that wait, by decision_id, with their offsets, the oldest first."""
        self._approval = Approval()
        self._next = 0
        self._note = ""
        """Beside the committed offset: by which decision the monitor is paused, or nothing."""
        self._at_end = False

    def begin(self, committed: Sequence[TopicPartition]) -> None:
        """Know what `models` says, and read the decisions from `committed` on.

        A training goes on: whether it is still wanted shows when its decision is read again.
        """
        self._ledger = None
        self._retrains = {}
        self._approval = Approval()
        self._at_end = False
        for place in committed:
            self._next, self._note = place.offset, place.metadata or ""
            self._ledger = Ledger(self._read(), self._intact, self._sign)
        if self._ledger is None:
            self._detail(STANDING_BY)

    def __call__(self, batch: Batch, now: int) -> Turn:
        """What became of the decisions in `batch`, and of the training under way."""
        if self._ledger is None:
            self._course.idle(now)
            return Turn(Outputs())
        for message in batch.messages:
            self._take(message, self._ledger, now)
        self._at_end |= bool(batch.ends)
        if self._retrains or self._at_end:
            self._train(self._ledger, now)
        else:
            self._course.idle(now)
        doing = (self._course.said or WAITING, self._approval.said, self._note)
        self._detail("; ".join(filter(None, doing)))
        written = self._ledger.taken()
        if not (batch.messages or written):
            return Turn(Outputs())
        outputs = Outputs(many={self._models: written} if written else {})
        return Turn(outputs, {(self._control, 0): (self._offset, self._note)})

    def close(self) -> None:
        """End the training under way; whoever reads its decision next begins anew."""
        self._course.cancel()

    @property
    def _offset(self) -> int:
        """Where a restart has to read on: at the first decision that waits."""
        waiting = [offset for offset, _ in self._retrains.values()]
        return min((self._next if self._approval.offset is None else self._approval.offset, *waiting))

    def _take(self, message: Received, ledger: Ledger, now: int) -> None:
        self._next = message.offset() + 1
        decision = Decision.found(message.value() or b"")
        if decision is None:
            _log.warning("%s-0: what stands at %d is no decision: passed over", self._control, self._next - 1)
        elif self._known(decision.decision_id, ledger.standing):
            _log.info("decision %s came again: passed over", decision.decision_id)
        elif (waits := self._awaited(decision, ledger.standing)) is not None:
            self._approval.hold(self._next - 1, waits, ledger, now)
        elif decision.action != "retrain":
            self._act(decision, ledger, now)
        elif len(self._retrains) < MOST_RETRAINS:
            self._retrains[decision.decision_id] = (message.offset(), decision)
        else:
            ledger.settle(decision, "rejected", f"{MOST_RETRAINS} retrains wait already", now)
        self._review(ledger, now)

    def _known(self, decision_id: str, standing: Standing) -> bool:
        return (
            standing.settled(decision_id) or decision_id in self._retrains or self._approval.has(decision_id)
        )

    def _awaited(self, decision: Decision, standing: Standing) -> Awaited | None:
        return awaited(decision, standing.manifests) if self._decisions.approval == "manual" else None

    def _review(self, ledger: Ledger, now: int) -> None:
        """Look at what waits for approval whenever roles may have changed, or the monitor been paused."""
        if (decision := self._approval.decision) is not None:
            try:
                self._refuse(decision, ledger.standing)
                refusal = None
            except RejectedError as error:
                refusal = str(error)
            self._approval.review(refusal, ledger, now)

    def _act(self, decision: Decision, ledger: Ledger, now: int) -> None:
        try:
            self._refuse(decision, ledger.standing)
            if decision.action in {"pause", "resume"}:
                ledger.settle(decision, "done", self._paused(decision), now)
            elif not self._approval.declined(decision, ledger, now):
                changed = actions.change(decision, ledger.standing, self._schema, now)
                ledger.change(decision, changed, now)
        except RejectedError as error:
            ledger.settle(decision, "rejected", str(error), now)

    def _paused(self, decision: Decision) -> str:
        """Pause or resume; what to say of it."""
        if (decision.action == "pause") == bool(self._note):
            raise RejectedError(f"already {self._note}" if self._note else "the monitor is not paused")
        self._note = f"{_PAUSED}{decision.decision_id}"[:_MOST_NOTE] if not self._note else ""
        return f"the monitor's decisions are {'rejected until `resume`' if self._note else 'acted on again'}"

    def _train(self, ledger: Ledger, now: int) -> None:
        """Look after the training for the oldest retrain, if one waits."""
        decision = next((decision for _, decision in self._retrains.values()), None)
        if decision is None:
            self._course.cancel()
            return
        try:
            self._refuse(decision, ledger.standing)
            end = self._course.turn(actions.request(decision, ledger.standing, self._schema), now)
        except RejectedError as error:
            self._course.cancel()
            end = Unfit(str(error), rejected=True)
        if end is not None:
            offset, _ = self._retrains.pop(decision.decision_id)
            self._end(end, decision, offset, ledger, now)
            self._review(ledger, now)

    def _end(self, end: End, decision: Decision, offset: int, ledger: Ledger, now: int) -> None:
        standing = ledger.standing
        if isinstance(end, Unfit):
            ledger.settle(decision, "rejected" if end.rejected else "failed", end.reason, now)
            return
        found = begun(end, decision, standing, self._decisions, now)
        if isinstance(found, actions.Change):
            ledger.change(decision, found, now)
        elif ledger.register(decision, found, now) and (waits := self._awaited(decision, standing)):
            self._approval.hold(offset, waits, ledger, now)

    def _refuse(self, decision: Decision, standing: Standing) -> None:
        """Raise what forbids a decision now: a pause the monitor's, another champion one about a version."""
        self._approval.refuse(decision)
        actions.refuse_unsigned(decision, self._trust)
        by_monitor = decision.requested_by == "monitor"
        if by_monitor and self._note:
            raise RejectedError(f"the monitor is {self._note}")
        if by_monitor or decision.action == "retrain":
            actions.refuse_stale(decision, standing)
