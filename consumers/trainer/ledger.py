"""What became of decisions: their results, and the roles and manifests that go with them."""

import logging
from collections.abc import Callable
from typing import Literal

from consumers.trainer.actions import Change
from consumers.trainer.standing import Standing
from events import topics
from events.errors import ScoreloopError
from events.outputs import Message
from events.records import Decision, DecisionResult, Manifest, Record
from events.signatures import Sign

Status = Literal["done", "rejected", "failed", "inconclusive"]
Intact = Callable[[str], object]
"""Raises a ScoreloopError when the artefact of that hash is not in the registry as it was put there."""

_log = logging.getLogger(__name__)


class Ledger:
    """Notes each result for the turn's transaction, and in `standing`, on which the next decision rests.

    `sign` signs the manifests and the roles.
    """

    def __init__(self, standing: Standing, intact: Intact, sign: Sign) -> None:
        self.standing = standing
        self._intact = intact
        self._sign = sign
        self._records: list[Message] = []

    def settle(self, decision: Decision, status: Status, reason: str, now: int) -> None:
        """The end of a decision that changes no roles."""
        self._settle(decision, DecisionResult(status=status, reason=reason, version=None, epoch=None, ts=now))

    def register(self, decision: Decision, manifest: Manifest, now: int) -> bool:
        """Make a version known that has no role yet; False where its artefact is not intact."""
        try:
            self._intact(manifest.artifact_sha256)
        except ScoreloopError as error:
            self._not_taken_up(decision, manifest.version, error, now)
            return False
        self._write(topics.version_key(manifest.version), self._sign(manifest))
        return True

    def change(self, decision: Decision, change: Change, now: int) -> None:
        """New roles; they stay as they are where the artefact of a new champion is not intact."""
        try:
            self._check(change)
        except ScoreloopError as error:
            self._not_taken_up(decision, change.version, error, now)
            return
        if change.manifest is not None:
            self._write(topics.version_key(change.version), self._sign(change.manifest))
        epoch = change.roles.epoch
        status: Status = "inconclusive" if decision.evidence.get("finding") == "inconclusive" else "done"
        result = DecisionResult(
            status=status, reason=change.reason, version=change.version, epoch=epoch, ts=now
        )
        self._settle(decision, result)
        roles = self._sign(change.roles)
        self._write(topics.roles_key(epoch), roles)
        self._write(topics.ROLES_KEY, roles)

    def taken(self) -> list[Message]:
        """The records of `models` that were noted since the last taking, in order."""
        records, self._records = self._records, []
        return records

    def _check(self, change: Change) -> None:
        manifest = change.manifest or self.standing.manifest(change.version)
        if manifest is not None and change.version in change.roles.versions:
            self._intact(manifest.artifact_sha256)

    def _not_taken_up(self, decision: Decision, version: int, error: ScoreloopError, now: int) -> None:
        self.settle(decision, "failed", f"version {version} was not taken up: {error}", now)

    def _settle(self, decision: Decision, result: DecisionResult) -> None:
        _log.info("%s %s: %s: %s", decision.action, decision.decision_id, result.status, result.reason)
        self._write(topics.decision_key(decision.decision_id), result)

    def _write(self, key: bytes, record: Record) -> None:
        value = record.encoded()
        self._records.append({"key": key, "value": value})
        self.standing.take(key, value)
