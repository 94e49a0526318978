"""I3: answers scored again by the version that they name, which had to be named for its role."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Message

from events import topics
from events.dead_letters import octets
from events.settings import Settings
from verify.answers import Answer, Answers
from verify.artifacts import Artifacts, NotReplayableError
from verify.report import Example, Findings, place
from verify.rescoring import difference, outputs
from verify.tables import Tables

AT_ONCE = 5_000
DIFFERS = "an answer differs from what its version answers"

_STAMPED = "SELECT version, role, count(*), max(tp), max(at), max(id) FROM answers GROUP BY version, role"


class Sample(NamedTuple):
    """An answer to score again, as it was written."""

    where: str
    value: bytes


class Replay:
    """Keeps some of each version's answers, evenly over the log, and scores them again.

    `most` is how many of each version, None for all; memory is that of twice as many records a version.
    """

    def __init__(
        self, settings: Settings, reader: Answers, artifacts: Artifacts, findings: Findings, most: int | None
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._artifacts = artifacts
        self._findings = findings
        self._most = most
        self._seen: dict[int, int] = {}
        self._steps: dict[int, int] = {}
        self._kept: dict[int, list[Sample]] = {}
        self._pipelines: dict[int, Any] = {}

    def take(self, message: Message, version: int) -> None:
        """An answer of `version` was read: one in so many is kept, half as many when there are enough."""
        seen = self._seen[version] = self._seen.get(version, -1) + 1
        step = self._steps.setdefault(version, 1)
        if self._most == 0 or seen % step:
            return
        kept = self._kept.setdefault(version, [])
        where = place(message.topic() or "", message.partition() or 0, message.offset() or 0)
        kept.append(Sample(where, octets(message.value()) or b""))
        if self._most is None:
            if len(kept) == AT_ONCE:
                self._score(version, kept)
                kept.clear()
        elif len(kept) == 2 * self._most:
            self._kept[version] = kept[::2]
            self._steps[version] = 2 * step

    def finish(self) -> None:
        """Score what was kept."""
        for version, kept in self._kept.items():
            count = len(kept) if self._most is None else min(self._most, len(kept))
            chosen = [kept[i * len(kept) // count] for i in range(count)]
            for start in range(0, len(chosen), AT_ONCE):
                self._score(version, chosen[start : start + AT_ONCE])
        for version in self._seen:
            self._findings.count("I3", "versions")
            self._check_artifact(version)

    def _check_artifact(self, version: int) -> None:
        if (trouble := self._artifacts.trouble(version)) is not None:
            expected = f"version {version} in models and in the registry"
            example = Example(record=f"version {version}", event_id=None, expected=expected, found=trouble)
            self._findings.broken("I3", "a version that answered is not what its manifest says", example)

    def _score(self, version: int, samples: Sequence[Sample]) -> None:
        if self._artifacts.trouble(version) is not None:
            return  # `finish` says so
        if self._reader.is_foreign(version):
            self._findings.not_checked(
                "answers of versions for another schema, not scored again", len(samples)
            )
            return
        answers = [found for sample in samples if (found := self._reader.answer(sample.value)) is not None]
        try:
            rows = outputs(self._pipeline(version), self._settings, answers)
        except NotReplayableError as error:
            self._findings.not_checked(f"answers of version {version}, which has {error}", len(samples))
            return
        for sample, answer, row in zip(samples, answers, rows, strict=True):
            self._findings.count("I3", "scored again")
            expected = difference(self._settings, answer, row)
            if expected is not None:
                self._differs(sample, answer, f"version {version}: {expected}")

    def _pipeline(self, version: int) -> Any:
        if version not in self._pipelines:
            self._pipelines.clear()  # one at a time: a forest may be large
            self._pipelines[version] = self._artifacts.load(version)
        return self._pipelines[version]

    def _differs(self, sample: Sample, answer: Answer[Any], expected: str) -> None:
        said = f"{answer.prediction!r:.60} {answer.probabilities or ''!s:.200}".strip()
        example = Example(record=sample.where, event_id=answer.event_id, expected=expected, found=said)
        self._findings.broken("I3", DIFFERS, example)


def check_named(tables: Tables, findings: Findings, named: Collection[tuple[int, str]]) -> None:
    """Whoever answered was `named`, as (version, role), by some roles."""
    for version, role, count, tp, at, event_id in tables.select(_STAMPED):
        if (version, role) not in named:
            topic = topics.SHADOWS if role == "shadow" else topics.PREDICTIONS
            example = Example(
                record=place(topic.of(findings.stream), tp, at), event_id=event_id,
                expected=f"a version that roles name as {role}", found=f"version {version}, {count} times",
            )  # fmt: skip
            findings.broken("I3", "a version answered in a role that no roles give it", example)
