"""Plays what the trainer reads and writes, and trainings that end when a test says so."""

from typing import Any

from confluent_kafka import TopicPartition
from samples import Record, settings

from consumers.trainer.course import Request
from consumers.trainer.draft import Draft
from consumers.trainer.ending import End
from consumers.trainer.standing import Standing
from consumers.trainer.trainer import Trainer
from consumers.turn import Batch, Turn
from events import topics
from events.errors import ScoreloopError
from events.records import Decision, DecisionResult, Manifest, Roles
from events.signatures import Sign, Trust, unsigned

CONTROL, MODELS = "payments.control", "payments.models"
SETTINGS = settings(training={"time_limit": "1m"})
NOW = 1_700_000_000_000


def draft(**changes: Any) -> Draft:
    gate = {"champion": 1, "champion_error": 0.124, "rows": 250, "window": "all", "windows": []}
    facts: dict[str, Any] = {
        "artifact_sha256": "a" * 64, "format": "skops", "estimator": "linear: Ridge",
        "schema_sha256": SETTINGS.schema_sha256, "trained_on": {}, "params": {},
        "metrics": {"rows": 250, "error": 0.031, "gate": gate}, "environment": {},
    }  # fmt: skip
    return Draft(**{**facts, **changes})


def decision(action: str, decision_id: str, **fields: Any) -> Decision:
    stated = {
        "decision_id": decision_id, "ts": 0, "action": action, "model_version": None, "target_version": None,
        "requested_by": "operator", "reason": "a test", "alarm_id": None, "evidence": {},
    }  # fmt: skip
    return Decision.model_validate({**stated, **fields})


class Job:
    """A training that ends when `end` is set."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.said = "1 of 9"
        self.end: End | None = None
        self.cancelled = False

    def ended(self) -> End | None:
        return self.end

    def cancel(self) -> None:
        self.cancelled = True


class Log:
    """`control` and `models` with what is committed, and trainers that read them."""

    def __init__(self, versions: int = 1) -> None:
        self.control: list[bytes | None] = []
        self.models: list[tuple[bytes | None, bytes | None]] = []
        self.offset, self.note = 0, ""
        self.jobs: list[Job] = []
        self.broken: set[str] = set()
        self.said: list[str] = []
        self.settings = SETTINGS
        self.sign: Sign = unsigned
        for version in range(1, versions + 1):
            self.enroll(version)

    def enroll(self, version: int, **fields: Any) -> None:
        """A version, made champion as `train` does; `fields` are others of its roles."""
        facts = draft(artifact_sha256=f"{version:064x}").manifest(version, None, f"t-{version}", NOW)
        previous = tuple(range(version - 1, 0, -1))
        roles = Roles(
            **{
                "epoch": version, "ts": NOW, "champion": version, "previous": previous,
                "decision_id": f"t-{version}", **fields,
            }
        )  # fmt: skip
        self.models += [
            (topics.version_key(version), facts.encoded()), (topics.decision_key(f"t-{version}"), b"{}"),
            (topics.roles_key(version), roles.encoded()), (topics.ROLES_KEY, roles.encoded()),
        ]  # fmt: skip

    def ask(self, *decisions: Decision | bytes | None) -> None:
        """Append to `control`."""
        self.control += [one.encoded() if isinstance(one, Decision) else one for one in decisions]

    def trainer(self) -> Trainer:
        """A new process: it has begun at what is committed."""
        trainer = Trainer(
            self.settings, self.standing, self._intact, self._start, self.said.append, self.sign
        )
        self.begin(trainer)
        return trainer

    def standing(self) -> Standing:
        return Standing(Trust(self.settings), self.models)

    def begin(self, trainer: Trainer) -> None:
        trainer.begin([TopicPartition(CONTROL, 0, self.offset, self.note)])
        self.position = self.offset

    def turn(self, trainer: Trainer, now: int = NOW) -> Turn:
        """One turn, over all that was not read yet; not committed."""
        unread = range(self.position, len(self.control))
        self.position = len(self.control)
        batch = Batch([Record(self.control[i], at=i, of=CONTROL) for i in unread], {(CONTROL, 0): 0})
        return trainer(batch, now)

    def commit(self, turn: Turn) -> None:
        """As a transaction: records and offset together."""
        written: Any = turn.outputs.many
        assert set(written) <= {MODELS}
        self.models += [(message["key"], message["value"]) for message in written.get(MODELS, [])]
        assert turn.notes or not written, "every commit carries the offset"
        for place, (self.offset, self.note) in turn.notes.items():
            assert place == (CONTROL, 0)

    def go(self, trainer: Trainer, now: int = NOW) -> None:
        self.commit(self.turn(trainer, now))

    def go_killed(self, turns: int, killed_before: int, *, committed: bool) -> None:
        """Turns of a trainer, each training a draft; one is killed, its turn committed or not."""
        trainer = self.trainer()
        for turn in range(turns):
            for job in self.jobs:
                job.end = draft()
            written = self.turn(trainer)
            if turn != killed_before or committed:
                self.commit(written)
            if turn == killed_before:
                trainer = self.trainer()

    @property
    def newest(self) -> dict[str, bytes]:
        return {(key or b"").decode(): value or b"" for key, value in self.models}

    @property
    def roles(self) -> Roles:
        return Roles.model_validate_json(self.newest["roles"])

    def manifest(self, version: int) -> Manifest:
        return Manifest.model_validate_json(self.newest[f"version/{version}"])

    def result(self, decision_id: str) -> DecisionResult | None:
        found = [value for key, value in self.models if key == topics.decision_key(decision_id)]
        assert len(found) <= 1, "a decision has one end"
        return DecisionResult.model_validate_json(found[0] or b"") if found else None

    def status(self, decision_id: str) -> tuple[str, str]:
        result = self.result(decision_id)
        assert result is not None
        return result.status, result.reason

    def _intact(self, sha256: str) -> None:
        if sha256 in self.broken:
            raise ScoreloopError("other bytes")

    def _start(self, request: Request) -> Job:
        self.jobs.append(Job(request))
        return self.jobs[-1]
