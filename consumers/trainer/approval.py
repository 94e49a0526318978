"""Promotions that wait for an operator, where `[decisions] approval` is manual.

What waits is a decision of the monitor's that `control` has and to which `models` has no result: the
promotion that a trial's verdict asks for, or a retrain whose version has passed its gate and is in `models`
under that decision's id. So the topics alone know of it, and a restart finds it there. It waits until an
operator promotes or rejects the version, a newer one waits instead, or the champion is no longer the one that
it was held against.
"""

from collections.abc import Mapping
from typing import NamedTuple

from consumers.trainer.actions import RejectedError
from consumers.trainer.draft import gated
from consumers.trainer.ledger import Ledger, Status
from events.records import Decision, Manifest, Roles

APPROVES = "approves"
"""In a promotion's `evidence`: the decision that an operator approves of."""


class Awaited(NamedTuple):
    """A decision that waits, and the version that it would make champion."""

    decision: Decision
    version: int
    why: str
    """What speaks for it, with its numbers."""


def awaited(decision: Decision, manifests: Mapping[int, Manifest]) -> Awaited | None:
    """What waits, of a `decision` that has no result; None where there is nothing to approve of."""
    if decision.requested_by != "monitor":
        return None
    if decision.action == "promote" and decision.target_version is not None:
        return Awaited(decision, decision.target_version, decision.reason)
    made = [manifest for manifest in manifests.values() if manifest.decision_id == decision.decision_id]
    if decision.action == "retrain" and made:
        return Awaited(decision, made[-1].version, gated(made[-1].metrics))
    return None


class Approval:
    """The promotion that waits, if any: a newer one takes its place, having seen more."""

    def __init__(self) -> None:
        self._held: tuple[int, Awaited] | None = None

    @property
    def offset(self) -> int | None:
        """Where its decision stands in `control`; None where none waits."""
        return None if self._held is None else self._held[0]

    @property
    def decision(self) -> Decision | None:
        """What waits."""
        return None if self._held is None else self._held[1].decision

    @property
    def said(self) -> str | None:
        """That it waits, for a person."""
        return None if self._held is None else f"version {self._held[1].version} waits for approval"

    def has(self, decision_id: str) -> bool:
        """Whether it is this one that waits."""
        return self._held is not None and self._held[1].decision.decision_id == decision_id

    def hold(self, offset: int, waits: Awaited, ledger: Ledger, now: int) -> None:
        """Let the decision at `offset` wait."""
        self._end("rejected", f"version {waits.version} waits for approval instead", ledger, now)
        self._held = offset, waits

    def refuse(self, decision: Decision) -> None:
        """Refuse the approval of what does not wait.

        Raises:
            RejectedError: another decision waits by now, or none.
        """
        meant = decision.evidence.get(APPROVES)
        if meant is not None and not self.has(str(meant)):
            raise RejectedError(f"decision {meant} waits for no approval any more")

    def declined(self, decision: Decision, ledger: Ledger, now: int) -> bool:
        """Whether an operator's `decision` rejects a version that waits and has no role; then both end."""
        roles = ledger.standing.roles
        if self._held is None or roles is None or decision.action != "reject":
            return False
        version = self._held[1].version
        meant = version if decision.target_version is None and roles.canary is None else None
        if version in roles.versions or version not in {meant, decision.target_version}:
            return False
        ledger.settle(decision, "done", f"version {version} does not become champion", now)
        self._end("rejected", f"version {version}: {decision.reason} ({decision.decision_id})", ledger, now)
        return True

    def review(self, refusal: str | None, ledger: Ledger, now: int) -> None:
        """End the waiting where roles have decided it, or `refusal` says why the decision is not acted on."""
        roles = ledger.standing.roles
        if self._held is None or roles is None:
            return
        if (end := ended(self._held[1], roles)) is not None:
            self._end(*end, ledger, now)
        elif refusal is not None:
            self._end("rejected", refusal, ledger, now)

    def _end(self, status: Status, reason: str, ledger: Ledger, now: int) -> None:
        if self._held is not None:
            _, waits = self._held
            self._held = None
            ledger.settle(waits.decision, status, reason, now)


def ended(waits: Awaited, roles: Roles) -> tuple[Status, str] | None:
    """How the waiting ends by `roles`; None while it goes on."""
    version, champion = waits.version, waits.decision.model_version
    if roles.champion == version:
        return "done", f"version {version} was promoted by decision {roles.decision_id}: {waits.why}"
    if champion not in {None, roles.champion}:
        return "rejected", (
            f"version {champion} is no longer champion, and version {version}, which waited for approval, "
            f"was held against it; `scoreloop promote --version {version}` makes it champion all the same"
        )
    if waits.decision.action == "promote" and (roles.canary is None or roles.canary.version != version):
        return "rejected", f"version {version}, which waited for approval, is on trial no more"
    return None
