"""The load of a soak: events with late and missing labels, a world that changes, and now and then poison."""

import json
import random
import time
from collections import deque
from threading import Event, Thread
from typing import Any

from events import topics
from events.settings import Settings
from transport import clients

BODY = """
task = "classification"
[features]
x = "number"
y = "number"
[labels]
classes = [0, 1]
horizon = "50s"
[windows]
length = "100s"
bucket = "20s"
[decisions]
false_alarm_every = 1000
retrain_from = 200
[training]
families = ["linear", "tree"]
folds = 2
rows = 2000
"""
BEGIN = 1_700_000_000_000
STEP_MS = 100
"""Event time between two events: a window has 1,000."""
MISSING, POISON = 0.1, 0.005
MOST_DELAY = 300
"""Events after which a label comes, at most; the horizon is 500."""
TURN_SECONDS = 0.1
POISONED = b'{"event_id": "poison", "features": {"x": NaN}}'


def label(x: float, *, changed: bool) -> int:
    """What follows from an event, in one world or the other."""
    return int((x > 0) != changed)


class Load(Thread):
    """Sends `rate` events a second until `stop` is set; the world changes every `change_seconds`."""

    def __init__(self, settings: Settings, rate: int, seed: int, change_seconds: float, stop: Event) -> None:
        super().__init__(name="load", daemon=True)
        self.sent = 0
        self.changes = 0
        self.failure: Exception | None = None
        self._rate, self._stop_asked = rate, stop
        self._change_every = int(rate * change_seconds)
        self._chance = random.Random(seed)
        self._names = [topic.of(settings.name) for topic in (topics.FEATURES, topics.LABELS)]
        self._producer = clients.producer(settings.kafka)
        self._due: dict[int, deque[bytes]] = {}
        """Number of an event → the labels that come with it."""

    def run(self) -> None:
        """Send, as evenly as a turn of a tenth of a second allows."""
        try:
            began = time.monotonic()
            while not self._stop_asked.wait(TURN_SECONDS):
                while self.sent < (time.monotonic() - began) * self._rate:
                    self._send()
                self._producer.poll(0)
            self._rest()
        except Exception as error:  # noqa: BLE001 (the main thread tells of it)
            self.failure = error

    def _send(self) -> None:
        i, chance = self.sent, self._chance
        changed = bool(i // self._change_every % 2)
        self.changes = i // self._change_every
        x, y = chance.gauss(0, 1), chance.gauss(0, 1)
        ts = BEGIN + i * STEP_MS
        self._put(0, {"event_id": f"e-{i}", "ts": ts, "features": {"x": x, "y": y}})
        if chance.random() >= MISSING:
            delay = chance.randint(1, MOST_DELAY)
            known = {"event_id": f"e-{i}", "ts": ts + delay * STEP_MS, "label": label(x, changed=changed)}
            self._due.setdefault(i + delay, deque()).append(json.dumps(known).encode())
        for value in self._due.pop(i, ()):
            self._producer.produce(self._names[1], value)
        if chance.random() < POISON:
            self._producer.produce(chance.choice(self._names), POISONED)
        self.sent += 1

    def _put(self, topic: int, record: dict[str, Any]) -> None:
        self._producer.produce(self._names[topic], json.dumps(record).encode(), record["event_id"])

    def _rest(self) -> None:
        """The labels that are still due."""
        for i in sorted(self._due):
            for value in self._due[i]:
                self._producer.produce(self._names[1], value)
        left = self._producer.flush(60)
        if left:
            raise RuntimeError(f"{left} records were not acknowledged in 60 s")
