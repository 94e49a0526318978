"""The audit trail: what `models` says was decided, with what `control` asked for, chained by hashes. Pure.

    line  a record of `models` under `decision/<id>`, `version/<n>` or `roles/<epoch>`, in order of offset
    hash  SHA-256 of: the hash of the line before (32 bytes, zeros before the first), then the SHA-256 of the
          key, of the value, and of the value of the decision's first record in `control` (of nothing without)

A hash covers all lines up to its own, so who has written one down can tell whether any of them was changed,
removed or put in since. These keys are written once, so compaction takes none away.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from console.lines import model
from console.operator import BY
from events import topics
from events.records import Decision

ORIGIN = bytes(32)
_CHAINED = (b"decision/", b"version/", b"roles/")


class Stated(NamedTuple):
    """A record of `models`, and when Kafka took it."""

    key: bytes
    value: bytes
    ts: int


class Entry(NamedTuple):
    """One line of the trail."""

    number: int
    ts: int
    key: str
    who: str | None
    """Who asked for it; None where `control` does not have it, or no longer."""
    what: str
    why: str | None
    evidence: dict[str, Any]
    record: Any
    """As `models` has it; None where that is no JSON."""
    repeated: bool
    """Whether this key was written before, with another value: someone has changed a record."""
    hash: str


def trail(models: Iterable[Stated], control: Iterable[bytes]) -> Iterator[Entry]:
    """The lines, from the records of both topics in the order of their offsets."""
    asked = _asked(control)
    head, seen = ORIGIN, dict[bytes, bytes]()
    chained = (one for one in models if one.key.startswith(_CHAINED))
    for number, (key, value, ts) in enumerate(chained, 1):
        said = asked.get(key, b"")
        parts = (hashlib.sha256(part).digest() for part in (key, value, said))
        head = hashlib.sha256(head + b"".join(parts)).digest()
        repeated = seen.setdefault(key, value) != value
        yield _entry(number, Stated(key, value, ts), said, repeated, head.hex())


def _asked(control: Iterable[bytes]) -> dict[bytes, bytes]:
    """Key of a decision's result → its first record in `control`, which is what was acted on."""
    found: dict[bytes, bytes] = {}
    for value in control:
        if (decision := Decision.found(value)) is not None:
            found.setdefault(topics.decision_key(decision.decision_id), value)
    return found


def _entry(number: int, stated: Stated, said: bytes, repeated: bool, head: str) -> Entry:  # noqa: FBT001 (its own fact)
    decision = Decision.found(said) if said else None
    line = model(topics.ROLES_KEY if stated.key.startswith(b"roles/") else stated.key, stated.value)
    text = "a record that cannot be read" if line is None else line.text
    asked = "" if decision is None else f"{decision.action} "
    return Entry(
        number=number,
        ts=stated.ts,
        key=stated.key.decode(errors="replace"),
        who=None if decision is None else _who(decision),
        what=asked + text,
        why=None if decision is None else decision.reason,
        evidence={} if decision is None else decision.evidence,
        record=_json(stated.value),
        repeated=repeated,
        hash=head,
    )


def _who(decision: Decision) -> str:
    by = decision.evidence.get(BY)
    return f"{decision.requested_by} {by}" if isinstance(by, str) else decision.requested_by


def _json(value: bytes) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
