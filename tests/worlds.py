"""Worlds that change, events of them, and a whole loop beside them."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import Any, NamedTuple

from models_writer import promote
from streams import PATIENCE_SECONDS, Stream, until

from consumers.join.service import run_joiner
from consumers.monitor_service import run_monitor
from consumers.service import run_scorer
from consumers.trainer.service import run_trainer
from events import topics
from events.records import Metric, Roles
from models import training
from transport import clients

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
