"""What an audit says: broken promises with their first records, counts, and what was not checked."""

from collections import Counter
from typing import Literal

from pydantic import BaseModel

Promise = Literal["I1", "I2", "I3", "I4", "I5"]
Part = Literal["I1", "I2", "I3", "I4 answers", "I4 labels", "I4 windows", "I5"]

FIRST = 5
"""So many of the records that break a promise are shown."""


class Example(BaseModel):
    """One record that breaks a promise."""

    record: str
    """`topic-partition-offset`."""
    event_id: str | None
    expected: str
    found: str


class Finding(BaseModel):
    """One way in which a promise is broken."""

    promise: Promise
    sentence: str
    count: int
    first: list[Example]


class Report(BaseModel):
    """The outcome of an audit."""

    stream: str
    ts: int
    holds: bool
    """Whether nothing that was checked breaks a promise."""
    checked: dict[Part, dict[str, int]]
    findings: list[Finding]
    not_checked: dict[str, int]
    """What could not be judged, with how many: a sentence each."""
    records: dict[str, int]
    """Topic → how many of its records were read."""


class Findings:
    """Gathers what an audit finds; of each kind the count and the first few."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.records: Counter[str] = Counter()
        self._broken: dict[tuple[Promise, str], Finding] = {}
        self._checked: dict[Part, Counter[str]] = {}
        self._not_checked: Counter[str] = Counter()

    def broken(self, promise: Promise, sentence: str, example: Example) -> None:
        """A record breaks `promise` in the way that `sentence` says."""
        new = Finding(promise=promise, sentence=sentence, count=0, first=[])
        finding = self._broken.setdefault((promise, sentence), new)
        finding.count += 1
        if len(finding.first) < FIRST:
            finding.first.append(example)

    def count(self, part: Part, what: str, number: int = 1) -> None:
        """So many of `what` were checked."""
        self._checked.setdefault(part, Counter())[what] += number

    def not_checked(self, what: str, number: int = 1) -> None:
        """So many of `what` could not be judged."""
        if number:
            self._not_checked[what] += number

    def report(self, ts: int) -> Report:
        """All of it, the promises in order."""
        findings = sorted(self._broken.values(), key=lambda finding: finding.promise)
        return Report(
            stream=self.stream,
            ts=ts,
            holds=not findings,
            checked={part: dict(counts) for part, counts in sorted(self._checked.items())},
            findings=findings,
            not_checked=dict(self._not_checked),
            records=dict(self.records),
        )


def place(topic: str, partition: int, offset: int) -> str:
    """How a record is named, as in the header `source` of `dead-letters`."""
    return f"{topic}-{partition}-{offset}"
