"""`models` as it was written: every record that is left, in order."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from confluent_kafka import Message

from events import topics
from events.dead_letters import octets
from events.records import DecisionResult, Manifest, Record, Roles
from events.signatures import Trust
from verify.report import Example, Findings, Promise, place

_Record = TypeVar("_Record", bound=Record)


SIGNED = frozenset({"roles", "version"})
"""Kinds of keys whose records are signed, where the stream has keys."""


class Written(NamedTuple):
    """One record of `models`: the part of its key behind the slash, and where it is."""

    name: str
    value: bytes | None
    where: str


class History:
    """The records of `models` by kind, each kind in the order of writing; an unreadable one is a finding.

    So is one that should be signed and is not: by `trust`, from the first that is on. A stream may have got
    its keys late.
    """

    def __init__(self, messages: Iterable[Message], findings: Findings, trust: Trust) -> None:
        self._findings = findings
        self._trust = trust
        self._keyed = False
        kinds: dict[str, list[Written]] = {"roles": [], "roles/": [], "version/": [], "decision/": []}
        for message in messages:
            key = (octets(message.key()) or b"").decode(errors="replace")
            kind, slash, name = key.partition("/")
            where = place(message.topic() or "", message.partition() or 0, message.offset() or 0)
            written = Written(name, octets(message.value()), where)
            if kind not in SIGNED or self._signed(written):
                kinds.get(kind + slash, []).append(written)
        self.roles = self._read(kinds["roles"], Roles)
        self.past = self._read(kinds["roles/"], Roles)
        self.manifests = self._read(kinds["version/"], Manifest)
        self.decisions = self._read(kinds["decision/"], DecisionResult)

    def named(self) -> set[tuple[int, str]]:
        """Every version with a role that some roles give it."""
        pairs: set[tuple[int, str]] = set()
        for _, roles in (*self.roles, *self.past):
            pairs.add((roles.champion, "champion"))
            pairs.update((version, "shadow") for version in roles.shadows)
            if roles.canary is not None:
                pairs.add((roles.canary.version, "canary"))
        return pairs

    def versions(self) -> dict[int, Manifest]:
        """Each version's manifest, the last one written."""
        return {
            manifest.version: manifest
            for written, manifest in self.manifests
            if written.name == str(manifest.version)
        }

    def foreign(self, schema_sha256: str) -> frozenset[int]:
        """The versions that were trained for another schema."""
        return frozenset(
            number for number, manifest in self.versions().items() if manifest.schema_sha256 != schema_sha256
        )

    def _signed(self, written: Written) -> bool:
        """Whether a record may be believed; one that may not is left out, as scorers leave it."""
        genuine = self._trust.genuine(written.value or b"")
        if genuine or not (self._keyed or self._trust.signed(written.value or b"")):
            self._keyed |= genuine
            return True
        example = Example(
            record=written.where, event_id=None, expected="a signature of the stream's keys", found="none"
        )
        self._findings.broken("I5", "a record of models is not signed by the stream's keys", example)
        return False

    def _read(self, records: list[Written], kind: type[_Record]) -> list[tuple[Written, _Record]]:
        read = []
        for written in records:
            found = None if written.value is None else kind.found(written.value)
            if found is not None:
                read.append((written, found))
                continue
            promise: Promise = "I3" if kind is Manifest else "I5"
            what = "a tombstone" if written.value is None else "another"
            example = Example(record=written.where, event_id=None, expected=f"a {kind.__name__}", found=what)
            sentence = f"a record of {topics.MODELS.name} cannot be read"
            self._findings.broken(promise, sentence, example)
        return read


def told_twice(records: list[tuple[Written, Any]]) -> list[tuple[Written, Written]]:
    """The records that say something else than an earlier one of the same key, each with that one."""
    first: dict[str, Written] = {}
    return [
        (first[written.name], written)
        for written, _ in records
        if first.setdefault(written.name, written).value != written.value
    ]
