"""What is warned of without labels, on a real Kafka: a feature that goes wrong while labels stay away."""

import json
import random
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from models_writer import promote
from streams import PATIENCE_SECONDS, Stream, until

from consumers.join.service import run_joiner
from consumers.monitor_service import run_monitor
from consumers.service import run_scorer
from events import topics
from events.records import Drift
from events.settings import Kafka
from models import training
from transport import clients
from verify.run import verified

BEGIN = 1_700_000_000_000
WINDOW = 200
"""Events, a second each."""
BODY = """
[features]
x = { type = "number", nullable = true }
y = "number"
[labels]
classes = [0, 1]
horizon = "1h"
[windows]
length = "200s"
bucket = "20s"
[limits]
idle_after = "1s"
[training]
families = ["linear"]
folds = 2
"""

Event = dict[str, float | None]


class Sender:
    """Sends events in order of time, and no labels."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.sent = stream, 0
        self._chance = random.Random(5)
        self._producer = clients.producer(stream.settings.kafka)

    def event(self) -> Event:
        return {"x": self._chance.gauss(0, 1), "y": self._chance.gauss(0, 1)}

    def send(self, count: int, spoiled: Callable[[Event], Event]) -> None:
        for i in range(self.sent, self.sent + count):
            record = {"event_id": f"e-{i}", "ts": BEGIN + i * 1_000, "features": spoiled(self.event())}
            self._producer.produce(self.stream.topic(topics.FEATURES), json.dumps(record).encode(), f"e-{i}")
        self.sent += count
        assert self._producer.flush(PATIENCE_SECONDS) == 0

    def until(self, spoiled: Callable[[Event], Event], feature: str) -> list[Drift]:
        """Goes on sending until the feature is on `drift`; all that is there."""

        def look() -> list[Drift] | None:
            self.send(20, spoiled)
            found = list(map(Drift.model_validate, self.stream.records(topics.DRIFT)))
            return found if any(drift.feature == feature for drift in found) else None

        found: list[Drift] = until(look, f"a warning of {feature}")
        return found


def test_a_feature_that_goes_wrong_while_labels_stay_away_is_warned_of_once(
    kafka: Kafka, tmp_path: Path
) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    sender = Sender(stream)
    rows: list[Any] = [tuple(sender.event().values()) for _ in range(400)]
    trained = training.train(stream.settings, rows, [int(x + y > 0) for x, y in rows])
    promote(stream.settings, trained, {"rows": len(rows)}, "d-1")
    chance = random.Random(7)

    def holed(event: Event) -> Event:
        return {**event, "x": None} if chance.random() < 0.3 else event

    def stuck(event: Event) -> Event:
        return {**holed(event), "y": 0.5}

    with ExitStack() as services:
        failures = [
            services.enter_context(stream.service(run, 0)) for run in (run_scorer, run_joiner, run_monitor)
        ]
        sender.send(2 * WINDOW, lambda event: event)
        first = sender.until(holed, "x")
        later = sender.sent
        found = sender.until(stuck, "y")
        report = verified(stream.settings, 100, lambda *_: nullcontext(lambda _: None))
        assert failures == [[], [], []]
    [x] = first
    assert (x.kind, x.detector, x.feature, x.model_version) == ("quality", "missing", "x", 1)
    assert BEGIN + 2 * WINDOW * 1_000 <= x.from_ts < x.to_ts <= BEGIN + 4 * WINDOW * 1_000
    assert "% missing, was 0 %" in x.message
    [y] = [drift for drift in found if drift.feature == "y"]
    assert y.to_ts <= BEGIN + (later + 2 * WINDOW) * 1_000
    assert [drift for drift in found if drift.feature == "x"] == [x], "once"
    assert {drift.kind for drift in found} <= {"feature", "quality", "score"}
    assert not [metric for metric in stream.records(topics.METRICS) if metric["final"]], "labels are awaited"
    assert stream.records(topics.CONTROL) == [], "a warning asks for nothing"
    assert report.holds, report.findings
