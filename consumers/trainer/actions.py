"""What each decision makes of the roles. Pure: decision and standing give the new roles, or a refusal."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from consumers.trainer.course import Request
from consumers.trainer.draft import DRAFT, Draft
from consumers.trainer.standing import Standing
from events.errors import ScoreloopError
from events.records import Canary, Decision, Manifest, Roles
from events.signatures import SignatureError, Trust

MOST_PREVIOUS = 20
"""How many champions back `roles` names: each record repeats them."""

_OTHER_SCHEMA = "was trained for another schema than stream.toml's; `scoreloop train` makes one for it"


class RejectedError(ScoreloopError):
    """The decision cannot be carried out as things stand; the sentence says why."""


@dataclass(frozen=True)
class Change:
    """New roles, the version that they are about, and its manifest where it is new."""

    roles: Roles
    version: int
    reason: str
    manifest: Manifest | None = None


def change(decision: Decision, standing: Standing, schema_sha256: str, now: int) -> Change:
    """What `rollback`, `promote` or `reject` makes of the roles.

    Raises:
        RejectedError: it cannot be carried out.
    """
    if decision.action == "promote" and (draft := _brought(decision, schema_sha256)) is not None:
        return enrolled(draft, decision.reason, decision, standing, now)
    roles = _serving(standing)
    match decision.action:
        case "rollback":
            changes, version, reason = _rolled_back(decision, roles)
        case "promote":
            changes, version, reason = _promoted(decision, roles)
            changes["shadows"] = _beside(version, roles, standing, schema_sha256)
        case "reject":
            changes, version, reason = _taken_out(decision, roles)
        case action:
            raise ValueError(action)
    if "champion" in changes:
        _refuse_unfit(standing.manifest(version), version, schema_sha256)
        changes = {**_without(roles, version), **changes}
    changes |= _fresh(decision, standing, now)
    return Change(roles.model_copy(update=changes), version, f"{reason}: {decision.reason}")


def enrolled(draft: Draft, reason: str, decision: Decision, standing: Standing, now: int) -> Change:
    """The version that `draft` becomes, as champion; the champion before it is the newest of `previous`."""
    before, version = standing.roles, standing.next_version
    parent = None if before is None else before.champion
    roles = Roles(
        epoch=standing.next_epoch,
        ts=now,
        champion=version,
        canary=None if before is None else before.canary,
        shadows=() if before is None else _beside(version, before, standing, draft.schema_sha256),
        previous=() if before is None else (before.champion, *before.previous)[:MOST_PREVIOUS],
        decision_id=decision.decision_id,
    )
    manifest = draft.manifest(version, parent, decision.decision_id, now)
    return Change(roles, version, f"version {version} promoted: {reason}", manifest)


def on_trial(
    draft: Draft, reason: str, decision: Decision, standing: Standing, share: float, now: int
) -> Change:
    """The version that `draft` becomes, as canary with `share` of the traffic; both answer every event."""
    before, version = _serving(standing), standing.next_version
    roles = before.model_copy(
        update={
            **_fresh(decision, standing, now),
            "canary": Canary(version=version, share=share),
            "shadows": _distinct(*before.shadows, before.champion, version),
        }
    )
    manifest = draft.manifest(version, before.champion, decision.decision_id, now)
    return Change(
        roles, version, f"version {version} on trial with {share:.0%} of the traffic: {reason}", manifest
    )


def unserved(draft: Draft, decision: Decision, standing: Standing, now: int) -> Manifest:
    """The manifest of the version that `draft` becomes while it has no role."""
    return draft.manifest(standing.next_version, _serving(standing).champion, decision.decision_id, now)


def request(decision: Decision, standing: Standing, schema_sha256: str) -> Request:
    """What a training for `decision` begins with.

    Raises:
        RejectedError: there is no champion to compare with, or a challenger is on trial already.
    """
    roles = _serving(standing)
    if roles.canary is not None:
        raise RejectedError(
            f"version {roles.canary.version} is on trial as canary; reject it, or await the verdict"
        )
    champion = standing.manifest(roles.champion)
    if champion is None or champion.schema_sha256 != schema_sha256:
        raise RejectedError(f"version {roles.champion} {_OTHER_SCHEMA}")
    return Request(decision, champion, roles.epoch, _brought(decision, schema_sha256))


def refuse_unsigned(decision: Decision, trust: Trust) -> None:
    """Refuse a version that somebody brings through `control` and whose maker has none of the stream's keys.

    Raises:
        RejectedError: its facts are not signed as they must be.
    """
    if DRAFT in decision.evidence:
        try:
            trust.check(json.dumps(decision.evidence[DRAFT]))
        except SignatureError as error:
            raise RejectedError(f"evidence.draft {error}") from None


def refuse_stale(decision: Decision, standing: Standing) -> None:
    """Refuse what was decided about a version that serves no more.

    Raises:
        RejectedError: it is no longer champion.
    """
    champion = None if standing.roles is None else standing.roles.champion
    if decision.model_version not in {None, champion}:
        raise RejectedError(f"version {decision.model_version} is no longer champion")


def _fresh(decision: Decision, standing: Standing, now: int) -> dict[str, Any]:
    """What is new in every record of roles."""
    return {"epoch": standing.next_epoch, "ts": now, "decision_id": decision.decision_id, "signature": None}


def _distinct(*versions: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(versions))


def _serving(standing: Standing) -> Roles:
    if (roles := standing.roles) is None:
        raise RejectedError("there is no champion yet; `scoreloop train` makes the first")
    return roles


def _rolled_back(decision: Decision, roles: Roles) -> tuple[dict[str, Any], int, str]:
    """The newest of `previous`, or the target there; it and all newer ones leave the list."""
    if not roles.previous:
        raise RejectedError(f"version {roles.champion} has no previous champion to go back to")
    target = roles.previous[0] if decision.target_version is None else decision.target_version
    if target not in roles.previous:
        known = ", ".join(map(str, roles.previous))
        raise RejectedError(f"version {target} is not among the previous champions ({known})")
    _refuse_champion(target, roles)
    rest = roles.previous[roles.previous.index(target) + 1 :]
    shadows = tuple(shadow for shadow in roles.shadows if shadow not in {target, roles.champion})
    changes = {"champion": target, "previous": rest, "shadows": shadows}
    return changes, target, f"version {target} is champion again, version {roles.champion} is left"


def _promoted(decision: Decision, roles: Roles) -> tuple[dict[str, Any], int, str]:
    target = decision.target_version
    if target is None and roles.canary is None:
        raise RejectedError("there is no canary to promote; name a version with --version")
    if target is None and roles.canary is not None:
        target = roles.canary.version
    version = target or 0
    _refuse_champion(version, roles)
    changes = {"champion": version, "previous": (roles.champion, *roles.previous)[:MOST_PREVIOUS]}
    return changes, version, f"version {version} promoted in place of version {roles.champion}"


def _beside(version: int, before: Roles, standing: Standing, schema_sha256: str) -> tuple[int, ...]:
    """The shadows while `version` is new: with them the champion before it, to be compared with it."""
    over = {version, before.champion, *before.previous[:1]}  # that of the probation before, too
    shadows = tuple(shadow for shadow in before.shadows if shadow not in over)
    manifest = standing.manifest(before.champion)
    able = manifest is not None and manifest.schema_sha256 == schema_sha256
    return (*shadows, before.champion) if able else shadows


def _taken_out(decision: Decision, roles: Roles) -> tuple[dict[str, Any], int, str]:
    canary = None if roles.canary is None else roles.canary.version
    version = canary if decision.target_version is None else decision.target_version
    if version is None:
        raise RejectedError("there is no canary to reject")
    if version != canary and version not in roles.shadows:
        raise RejectedError(f"version {version} is neither the canary nor a shadow")
    changes = _without(roles, version)
    if version == canary:  # the champion answered what the canary served, to be compared with it
        changes["shadows"] = tuple(shadow for shadow in changes["shadows"] if shadow != roles.champion)
    return changes, version, f"version {version} answers no more events"


def _without(roles: Roles, version: int) -> dict[str, Any]:
    """The other roles when `version` has none of them."""
    canary = roles.canary if roles.canary is not None and roles.canary.version != version else None
    return {"canary": canary, "shadows": tuple(shadow for shadow in roles.shadows if shadow != version)}


def _refuse_champion(version: int, roles: Roles) -> None:
    if version == roles.champion:
        raise RejectedError(f"version {version} is the champion already")


def _refuse_unfit(manifest: Manifest | None, version: int, schema_sha256: str) -> None:
    if manifest is None:
        raise RejectedError(f"there is no version {version}")
    if manifest.schema_sha256 != schema_sha256:
        raise RejectedError(f"version {version} {_OTHER_SCHEMA}")


def _brought(decision: Decision, schema_sha256: str) -> Draft | None:
    """The version that somebody brings with a decision, None without one."""
    if DRAFT not in decision.evidence:
        return None
    try:
        draft = Draft.model_validate(decision.evidence[DRAFT])
    except ValidationError as error:
        raise RejectedError(f"evidence.draft is no version's facts: {error.errors()[0]['msg']}") from None
    if draft.schema_sha256 != schema_sha256:
        raise RejectedError(f"the version {_OTHER_SCHEMA}")
    return draft
