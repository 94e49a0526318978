"""The whole loop, by itself: the world changes, the alarm rings, a better version is trained and promoted."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from models_writer import promote
from streams import PATIENCE_SECONDS, Stream, until

from consumers.join.service import run_joiner
from consumers.monitor_service import run_monitor
from consumers.service import run_scorer
from consumers.trainer.service import run_trainer
from events import topics
from events.records import Decision, DecisionResult, Drift, Metric, Roles
from events.settings import Kafka
from models import training
from transport import clients
from verify.run import verified

BEGIN = 1_700_000_000_000
WINDOW = 100
"""Events."""
BODY = """
[features]
x = "number"
y = "number"
[windows]
length = "100s"
bucket = "20s"
[decisions]
false_alarm_every = 1000
retrain_from = 200
[training]
families = ["linear", "tree"]
folds = 2
[labels]
horizon = "50s"
"""


class World(NamedTuple):
    """What follows from an event, before a change and after it."""

    task: str
    classes: str
    before: Callable[[float, float], Any]
    after: Callable[[float, float], Any]
    error: float
    """Less than this is the error of a version that knows the world, though the change point that its
    training begins at may lie two buckets early: a tenth to a fifth of its rows are of the world before."""
    groups: str = "classic"
    """`kafka.group_protocol`."""


def _third(x: float) -> str:
    return "low" if x < -0.4 else "high" if x > 0.4 else "middle"


WORLDS = {
    "two classes": World(
        "classification", "classes = [0, 1]", lambda x, _: int(x > 0), lambda x, _: int(x < 0), 0.1,
        "consumer",
    ),
    "three classes": World(
        "classification", 'classes = ["low", "middle", "high"]',
        lambda x, _: _third(x), lambda _, y: _third(y), 0.2,
    ),
    "numbers": World("regression", "", lambda x, y: 2 * x + y, lambda x, y: y - 3 * x + 1, 1.2),
}  # fmt: skip


class Sender:
    """Sends events with their labels, in order of time."""

    def __init__(self, stream: Stream, world: World) -> None:
        self.stream, self.world, self.sent = stream, world, 0
        self._chance = random.Random(5)
        self._producer = clients.producer(stream.settings.kafka)

    def event(self) -> tuple[float, float]:
        return self._chance.gauss(0, 1), self._chance.gauss(0, 1)

    def send(self, count: int, law: Callable[[float, float], Any]) -> None:
        for i in range(self.sent, self.sent + count):
            (x, y), ts, event_id = self.event(), BEGIN + i * 1_000, f"e-{i}"
            self._put(topics.FEATURES, {"event_id": event_id, "ts": ts, "features": {"x": x, "y": y}})
            self._put(topics.LABELS, {"event_id": event_id, "ts": ts + 1_000, "label": law(x, y)})
        self.sent += count
        assert self._producer.flush(PATIENCE_SECONDS) == 0

    def _put(self, topic: topics.Topic, record: dict[str, Any]) -> None:
        """By event_id over the partitions: each gets some, so none holds the watermark back."""
        self._producer.produce(self.stream.topic(topic), json.dumps(record).encode(), record["event_id"])

    def until(self, found: Callable[[], Any], what: str) -> Any:
        """Goes on sending of the changed world until something is found."""

        def look() -> Any:
            self.send(40, self.world.after)
            return found()

        return until(look, what)


def train(stream: Stream, sender: Sender, law: Callable[[float, float], Any]) -> None:
    """A version that knows a world, made champion."""
    events = [sender.event() for _ in range(400)]
    trained = training.train(stream.settings, events, [law(*event) for event in events])
    promote(stream.settings, trained, {"rows": len(events)}, f"by hand {sender.event()}")


@contextmanager
def threads(stream: Stream) -> Iterator[None]:
    """Every service, quicker to start than processes."""
    with ExitStack() as stack:
        for run in (run_scorer, run_joiner, run_monitor, run_trainer):
            stack.enter_context(stream.service(run, 0))
        yield


def rolled_back(stream: Stream) -> None:
    arguments = ("rollback", stream.path.name, "--reason", "a test")
    with stream.command(*arguments) as command:
        assert command.wait(PATIENCE_SECONDS) == 0, command.stdout and command.stdout.read()


def champions(stream: Stream) -> list[int]:
    """Who was champion, one after the other."""
    told = (
        Roles.model_validate_json(message.value() or b"")
        for message in stream.read(topics.MODELS)
        if (message.key() or b"").startswith(b"roles/")
    )
    return [champion for champion, _ in groupby(roles.champion for roles in told)]


def errors(stream: Stream, version: int, from_ts: int) -> list[float]:
    """The error of each final window of a version from a time on."""
    metrics = map(Metric.model_validate, stream.records(topics.METRICS))
    return [
        m.error
        for m in metrics
        if m.final and m.model_version == version and m.from_ts >= from_ts and m.error is not None
    ]


@pytest.mark.parametrize("name", WORLDS)
def test_the_loop_mends_itself(kafka: Kafka, tmp_path: Path, name: str) -> None:
    world = WORLDS[name]
    stream = Stream(
        kafka, tmp_path, f'kafka.group_protocol = "{world.groups}"{BODY}{world.classes}', world.task
    )
    sender = Sender(stream, world)
    train(stream, sender, world.before)
    with stream.command("up", stream.path.name) if name == "numbers" else threads(stream):
        sender.send(600, world.before)
        until(lambda: errors(stream, 1, BEGIN + 300_000) or None, "a final window")
        assert stream.records(topics.DRIFT) == []
        changed = BEGIN + sender.sent * 1_000
        sender.until(lambda: stream.records(topics.DRIFT) or None, "an alarm")
        sender.until(lambda: champions(stream)[1:] or None, "a promotion")
        last = champions(stream)[-1]
        promoted = BEGIN + sender.sent * 1_000
        sender.send(400, world.after)
        until(
            lambda: errors(stream, last, promoted + WINDOW * 1_000)[1:] or None, "the new version's windows"
        )
        rolled_back(stream)
        report = verified(stream.settings, 100, lambda *_: nullcontext(lambda _: None))
    _assert_told(stream, changed)
    assert errors(stream, 1, changed + WINDOW * 1_000)[0] > 3 * world.error
    assert max(errors(stream, last, promoted + WINDOW * 1_000)) < world.error
    assert champions(stream)[-1] == champions(stream)[-3], "the one before the promoted one"
    assert report.holds, report.findings


def _assert_told(stream: Stream, changed: int) -> None:
    """Every step is on its topic, and one leads to the other."""
    drift, *more = map(Drift.model_validate, stream.records(topics.DRIFT))
    assert more == []
    assert drift.change_ts is not None
    assert abs(drift.change_ts - changed) <= 40_000
    control = list(map(Decision.model_validate, stream.records(topics.CONTROL)))
    asked = [decision for decision in control if decision.alarm_id == drift.alarm_id]
    assert {decision.action for decision in asked} == {"retrain"}
    assert {decision.action for decision in control if decision.alarm_id is None} <= {"reject", "rollback"}
    results = {
        (m.key() or b"").decode().partition("/")[2]: DecisionResult.model_validate_json(m.value() or b"")
        for m in stream.read(topics.MODELS) if (m.key() or b"").startswith(b"decision/")
    }  # fmt: skip
    became = [results[decision.decision_id].status for decision in asked if decision.decision_id in results]
    assert became.count("done") == 1
    assert set(became) <= {"done", "rejected"}


def test_a_bad_version_that_was_promoted_by_hand_is_rolled_back(kafka: Kafka, tmp_path: Path) -> None:
    world = WORLDS["two classes"]
    stream = Stream(kafka, tmp_path, BODY + world.classes)
    sender = Sender(stream, world)
    train(stream, sender, world.before)
    train(stream, sender, world.after)
    with threads(stream):

        def back() -> bool | None:
            sender.send(40, world.before)
            return champions(stream)[2:] == [1] or None

        until(back, "the rollback")
    [asked] = map(Decision.model_validate, stream.records(topics.CONTROL))
    assert (asked.action, asked.requested_by, asked.model_version) == ("rollback", "monitor", 2)
    [drift] = map(Drift.model_validate, stream.records(topics.DRIFT))
    assert asked.alarm_id == drift.alarm_id
