"""How a version came by its role: which roles named it, and the audit trail's lines behind them. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf

from console.trail import Entry
from events import topics
from events.records import Manifest, Role, Roles


def roles_then(past: Sequence[Roles], version: int, role: Role, ts: int) -> Roles | None:
    """Of `past`, the newest first, the newest roles up to `ts` that give `version` its `role`.

    A scorer goes over to new roles a moment after they are written. Where clocks differ so much that none
    were written by then, the oldest that give it.
    """
    given = [roles for roles in past if role_in(roles, version) == role]
    return next((roles for roles in given if roles.ts <= ts), given[-1] if given else None)


def role_in(roles: Roles | None, version: int) -> Role | None:
    """What `roles` have a version do; a canary that answers along is also a shadow, and is called canary."""
    if roles is None:
        return None
    if version == roles.champion:
        return "champion"
    if roles.canary is not None and version == roles.canary.version:
        return "canary"
    return "shadow" if version in roles.shadows else None


def behind(
    entries: Iterable[Entry], manifest: Manifest, past: Sequence[Roles], epoch: float = inf
) -> list[Entry]:
    """The lines that gave a version being and changed its role, up to `epoch`: decisions, manifest, roles."""
    history: list[Roles | None] = [None, *(roles for roles in reversed(past) if roles.epoch <= epoch)]
    version = manifest.version
    changed = [
        now
        for before, now in pairwise(history)
        if now is not None and role_in(now, version) != role_in(before, version)
    ]
    keys = {topics.version_key(version), topics.decision_key(manifest.decision_id)}
    keys |= {topics.decision_key(roles.decision_id) for roles in changed}
    keys |= {topics.roles_key(roles.epoch) for roles in changed}
    return [entry for entry in entries if entry.key.encode() in keys]


def about(entries: Sequence[Entry], manifest: Manifest, past: Sequence[Roles]) -> list[Entry]:
    """Those, and every decision whose result names the version, also one that changed nothing."""
    numbers = {entry.number for entry in behind(entries, manifest, past)}
    return [entry for entry in entries if entry.number in numbers or _names(entry, manifest.version)]


def _names(entry: Entry, version: int) -> bool:
    result = entry.record if entry.key.startswith("decision/") else None
    return isinstance(result, dict) and result.get("version") == version
