"""A stream as its services would have written it, made by hand: what an audit has to find in order.

`Written` keeps each topic's records in memory. `cut` and `read` give them to an audit as they are; a broker
test publishes them first. Nothing here is made by the code that is audited.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import msgspec

from events import topics
from events.settings import Settings
from events.topics import Topic
from verify.cut import READ, Cut

START = 1_699_999_200_000
"""Event time of the first event, where a window starts."""
WALL = 1_750_000_000_000
"""Kafka timestamp of the first event."""
MINUTE = 60_000
HORIZON = 30
"""In minutes, which is also in events: one comes a minute."""
DELAY = 5
WINDOW = 20
EVENTS = 80
PARTITIONS = 3
BODY: dict[str, Any] = {
    "features": {
        "amount": "number",
        "country": {"type": "category", "values": ["NO", "SE"], "nullable": True},
    },
    "labels": {"classes": ["fraud", "ok"], "positive": "fraud", "horizon": f"{HORIZON}m"},
    "windows": {"length": f"{WINDOW}m", "bucket": f"{WINDOW}m", "segments": ["country"]},
}


@dataclass(frozen=True)
class Rec:
    """A record of a topic."""

    key_: bytes | None
    value_: bytes | None
    at_ms: int
    headers_: tuple[tuple[str, bytes], ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        return dict(json.loads(self.value_ or b"null"))

    def with_(self, **fields: Any) -> "Rec":
        return replace(self, value_=json.dumps({**self.fields, **fields}).encode())


@dataclass(frozen=True)
class Message:
    """A record as a consumer gives it."""

    rec: Rec
    name: str
    part: int
    at: int

    def topic(self) -> str:
        return self.name

    def partition(self) -> int:
        return self.part

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return 1, self.rec.at_ms

    def key(self) -> bytes | None:
        return self.rec.key_

    def value(self) -> bytes | None:
        return self.rec.value_

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.rec.headers_)


class Written:
    """The records of each topic, by partition."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.logs: dict[Topic, list[list[Rec]]] = {
            topic: [[] for _ in range(1 if topic.partitions == "one" else PARTITIONS)] for topic in READ
        }
        self.gone: dict[tuple[Topic, int], int] = {}
        """Records at a partition's beginning that retention has taken."""
        self.untaken: dict[tuple[Topic, int], int] = {}
        """Records at a partition's end that its service has not committed."""

    def add(
        self,
        topic: Topic,
        partition: int,
        key: Any,
        value: Any,
        minute: float = 0.0,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> tuple[int, int]:
        """Append a record; its partition and offset."""
        data = value if isinstance(value, bytes | None) else json.dumps(value).encode()
        key = key.encode() if isinstance(key, str) else key
        log = self.logs[topic][partition]
        log.append(Rec(key, data, WALL + int(minute * 1000), headers))
        return partition, len(log) - 1

    def find(self, topic: Topic, **fields: Any) -> tuple[int, int]:
        """Where the first record with these fields is."""
        for partition, log in enumerate(self.logs[topic]):
            for offset, rec in enumerate(log):
                if (rec.value_ or b"").endswith(b"}") and fields.items() <= rec.fields.items():
                    return partition, offset
        raise AssertionError(f"no {fields} in {topic.name}")

    def change(self, topic: Topic, where: tuple[int, int], **fields: Any) -> str:
        """Change a record; its place."""
        log = self.logs[topic][where[0]]
        log[where[1]] = log[where[1]].with_(**fields)
        return self.place(topic, where)

    def remove(self, topic: Topic, where: tuple[int, int]) -> Rec:
        return self.logs[topic][where[0]].pop(where[1])

    def again(self, topic: Topic, where: tuple[int, int]) -> str:
        """Append a copy of a record; the copy's place."""
        log = self.logs[topic][where[0]]
        log.append(log[where[1]])
        return self.place(topic, (where[0], len(log) - 1))

    def place(self, topic: Topic, where: tuple[int, int]) -> str:
        return f"{topic.of(self.settings.name)}-{where[0]}-{where[1]}"

    def copy(self) -> "Written":
        """The same records, to be changed: topics are compared by identity, so no deep copy will do."""
        other = Written(self.settings)
        other.logs = {topic: [list(log) for log in logs] for topic, logs in self.logs.items()}
        return other

    def cut(self) -> Cut:
        ends = {topic: {p: len(log) for p, log in enumerate(logs)} for topic, logs in self.logs.items()}
        read = {topic for _, topic in topics.groups(self.settings.name)} & ends.keys()
        taken = {t: {p: end - self.untaken.get((t, p), 0) for p, end in ends[t].items()} for t in read}
        return Cut(taken, ends, ends[topics.SOURCES])

    def read(self, topic: Topic) -> Iterator[Any]:
        name = topic.of(self.settings.name)
        for p, log in enumerate(self.logs[topic]):
            for o in range(self.gone.get((topic, p), 0), len(log)):
                yield Message(log[o], name, p, o)

    def beginnings(self) -> dict[Topic, dict[int, int]]:
        return {t: {p: self.gone.get((t, p), 0) for p in range(len(logs))} for t, logs in self.logs.items()}


def home(event_id: str) -> int:
    """The partition of what is keyed by event_id: any function of it will do."""
    return sum(event_id.encode()) % PARTITIONS


Chance = Callable[[int, int, dict[str, Any]], float]
"""Version, number and features of an event → the probability of `fraud`."""


class Story(Written):
    """Some hour of a classification: every fate that an event or a label can have, and some that wait."""

    def __init__(self, settings: Settings, sha256: str = "0" * 64, chance: Chance | None = None) -> None:
        super().__init__(settings)
        self._chance = chance or (lambda version, i, _: (i * 37 + version * 11) % 100 / 100)
        self.cells: dict[Any, list[dict[str, Any]]] = {}
        self._models(sha256)
        self.answers = [self._answers(i) for i in range(EVENTS)]
        self.add(topics.FEATURES, 0, b"k", b"{", 3)
        self._letter(topics.FEATURES, (0, len(self.logs[topics.FEATURES][0]) - 1), "not-json", 3)
        self._labels()
        self._settle()
        self._metrics()

    def _models(self, sha256: str) -> None:
        for version in (1, 2):
            manifest = {
                "version": version, "created_ts": WALL, "artifact_sha256": sha256, "format": "skops",
                "estimator": "linear", "schema_sha256": self.settings.schema_sha256, "trained_on": {},
                "params": {}, "metrics": {}, "parent_version": None, "decision_id": f"d-{version}",
                "environment": {},
            }  # fmt: skip
            self.add(topics.MODELS, 0, f"version/{version}", manifest)
            roles = {
                "epoch": version, "ts": WALL, "champion": 1, "shadows": [2][: version - 1], "previous": [],
                "decision_id": f"d-{version}",
            }  # fmt: skip
            result = {"status": "done", "reason": "a test", "version": version, "epoch": version, "ts": WALL}
            self.add(topics.MODELS, 0, f"decision/d-{version}", result)
            self.add(topics.MODELS, 0, f"roles/{version}", roles)
            self.add(topics.MODELS, 0, "roles", roles)

    def _answers(self, i: int) -> list[dict[str, Any]]:
        """Event i, its prediction and its shadow. Each twentieth has the id of the one before the last."""
        event_id = f"e-{i - 2 if i % 20 == 15 else i}"
        features = {"amount": math.sin(i) * 10, "country": [None, "NO", "SE"][i % 3]}
        ts = START + i * MINUTE
        event = {"event_id": event_id, "ts": ts, "features": features}
        p, o = self.add(topics.FEATURES, i % PARTITIONS, b"any", event, i)
        answers = []
        for topic, role, version in ((topics.PREDICTIONS, "champion", 1), (topics.SHADOWS, "shadow", 2)):
            chance = self._chance(version, i, features)
            answer = {
                **event, "prediction_id": f"{p}-{o}", "scored_ts": WALL + i * 1000 + 20,
                "model_version": version,
                "role": role, "prediction": "fraud" if chance >= 0.5 else "ok",
                "probabilities": {"fraud": chance, "ok": 1 - chance},
            }  # fmt: skip
            self.add(topic, home(event_id), event_id, answer, i + 0.02)
            answers.append(answer)
        return answers

    def _labels(self) -> None:
        """What is sent when the feed's time has come to it; `fates` says what an event is labelled with."""
        self.fates: dict[str, tuple[str, int] | None] = {}
        due: list[tuple[int, int, str, Any]] = []
        for i in range(EVENTS):
            label = "fraud" if i % 4 == 0 else "ok"
            other = "ok" if label == "fraud" else "fraud"
            match i % 20:
                case 3 | 15:
                    continue  # never comes; or the id has been labelled before
                case 5:
                    due += [(i + DELAY, i, "", label), (i + DELAY + 3, i, "", label)]
                case 7:
                    due += [(i + DELAY, i, "", label), (i + DELAY + 3, i, "conflicting-label", other)]
                case 9:
                    due.append((i + HORIZON + 1, i, "", label))
                case 11:
                    due.append((i + DELAY, i, "unknown-label", "nothing"))
                case _:
                    due.append((i + DELAY, i, "", label))
        due += [(20, -20, "orphan-label", "ok"), (EVENTS - 2, -(EVENTS - 2), "", "ok")]
        for minute, i, letter, label in sorted(due):
            if minute < EVENTS:
                self._label(minute, i, letter, label)

    def _label(self, minute: int, i: int, letter: str, label: Any) -> None:
        event_id = f"e-{i}" if i >= 0 else f"ghost-{-i}"
        ts = START + minute * MINUTE
        partition = minute % PARTITIONS
        value = {"event_id": event_id, "label": label, "ts": ts}
        source = self.add(topics.LABELS, partition, b"x", value, minute)
        rec = self.logs[topics.LABELS][partition][-1]
        if letter:
            self._letter(topics.LABELS, source, letter, minute)
        if letter != "unknown-label":
            filed = msgspec.msgpack.encode([*source, rec.at_ms, rec.key_, rec.value_])
            self.add(topics.JOINING, home(event_id), event_id, filed, minute)
        if not letter and minute - i <= HORIZON:
            self.fates.setdefault(event_id, (label, ts))

    def _letter(self, topic: Topic, source: tuple[int, int], reason: str, minute: float) -> None:
        rec = self.logs[topic][source[0]][source[1]]
        headers = (("source", self.place(topic, source).encode()), ("reason", reason.encode()))
        self.add(topics.DEAD_LETTERS, 0, rec.key_, rec.value_, minute, headers)

    def _settle(self) -> None:
        for i, answers in enumerate(self.answers):
            first = i % 20 != 15
            fate = self.fates.get(answers[0]["event_id"]) if first else None
            for answer in answers:
                outcome = None
                if fate is not None:
                    loss = 0 if answer["prediction"] == fate[0] else 1
                    known = {"label": fate[0], "label_ts": fate[1], "loss": loss, "status": "matched"}
                    outcome = {**answer, **known}
                elif i + HORIZON < EVENTS:
                    outcome = {**answer, "label": None, "label_ts": None, "loss": None, "status": "expired"}
                if outcome is not None:
                    event_id = answer["event_id"]
                    self.add(topics.OUTCOMES, home(event_id), event_id, outcome, EVENTS)
                self._tell(i, answer, outcome)

    def _tell(self, i: int, answer: dict[str, Any], outcome: dict[str, Any] | None) -> None:
        for segment in ("all", answer["features"]["country"]):
            cell = (answer["model_version"], answer["role"], i // WINDOW, segment)
            self.cells.setdefault(cell, []).append(outcome or answer)

    def _metrics(self) -> None:
        for (version, role, window, segment), records in self.cells.items():
            start = START + window * WINDOW * MINUTE
            self.add(topics.METRICS, 0, str(version), {
                "model_version": version, "role": role, "from_ts": start, "to_ts": start + WINDOW * MINUTE,
                "segment": None if segment == "all" else {"feature": "country", "value": segment},
                **figures(records),
            })  # fmt: skip


def figures(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a window from its answers, those with an outcome as outcomes; a few lines on purpose."""
    matched = [r for r in records if r.get("status") == "matched"]
    expired = [r for r in records if r.get("status") == "expired"]
    n, k, wrong = len(records), len(matched), sum(r["loss"] for r in matched)
    told = sum(r["prediction"] == "fraud" for r in matched)
    true = sum(r["label"] == "fraud" for r in matched)
    right = sum(r["prediction"] == r["label"] == "fraud" for r in matched)
    log_losses = [-math.log(max(1e-15, r["probabilities"][r["label"]])) for r in matched]
    return {
        "final": n == k + len(expired), "predictions": n, "labelled": k, "expired": len(expired),
        "coverage": ratio(k, n), "error": ratio(wrong, k),
        "error_low": ratio(wrong, n) if k else None, "error_high": ratio(wrong + n - k, n) if k else None,
        "values": {
            "accuracy": ratio(k - wrong, k), "precision": ratio(right, told), "recall": ratio(right, true),
            "f1": ratio(2 * right, told + true), "log_loss": ratio(math.fsum(log_losses), k),
        },
        "label_delay_p50_ms": DELAY * MINUTE if k else None,
        "label_delay_p99_ms": DELAY * MINUTE if k else None,
    }  # fmt: skip


def ratio(a: float, b: int) -> float | None:
    return float(Fraction(a) / b) if b else None
