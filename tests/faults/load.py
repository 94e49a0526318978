"""A steady load of events and their labels, and what each event must end as.

Event `i` happens `i` minutes after the start, by its own time. Of the labels some come twice, contradict
themselves, come too late, come for nothing, or never come; of both some are no records at all. All follows
from the seed, so what is expected is known without reading anything.
"""

import heapq
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from streams import Stream

from events import topics
from transport import clients

MINUTE = 60_000
START = 1_699_999_200_000
HORIZON = 400
"""How many minutes, and so events, an answer waits for its label."""
PARTITIONS = 3
NOISE = 0.1
"""Of the labels; the others are the opposite of what the first version learned, so alarms ring."""
_TICK_SECONDS = 0.1
"""Events come in handfuls: one by one the broker's requests take both cores of a small machine."""
_FLUSH_SECONDS = 60.0
_POISON = (b"{", b"[]", b'{"event_id": "x", "features": {"amount": NaN}}', b'{"event_id": 3}', b"\xff\xfe")


@dataclass
class Plan:
    """What is sent; the default is a bit of everything."""

    seed: int = 1
    rate: float = 150
    """Events a second; as many labels come beside them."""
    skew: dict[int, int] = field(default_factory=dict)
    """Partition → how many minutes its producers' clocks are ahead."""
    idle: frozenset[int] = frozenset()
    """Partitions to which nothing is sent."""


class Load(threading.Thread):
    """Sends until `end` is called, and then the labels that are still due."""

    def __init__(self, stream: Stream, plan: Plan) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self.poison = 0
        self.expected: dict[str, str | None] = {}
        """event_id → its label, None where it has to expire."""
        self._stream = stream
        self.plan = plan
        self._due: list[tuple[int, int, bytes | None, bytes]] = []
        self._number = 0
        self._ended = threading.Event()
        self._open = [p for p in range(PARTITIONS) if p not in plan.idle]
        self._producer = clients.producer(stream.settings.kafka)

    def run(self) -> None:
        """Keep the rate, whatever was missed."""
        began, first = time.monotonic(), self.sent
        while not self._ended.wait(_TICK_SECONDS):
            wanted = first + int((time.monotonic() - began) * self.plan.rate)
            while self.sent < wanted:
                self._event(self.sent)
                self.sent += 1
                self._labels(self.sent)

    def end(self) -> None:
        """Stop, send what is still due, and see it all acknowledged."""
        self._ended.set()
        self.join()
        self._labels(self.sent + 10 * HORIZON)
        assert self._producer.flush(_FLUSH_SECONDS) == 0

    def _event(self, i: int) -> None:
        chance = random.Random(f"{self.plan.seed} {i}")
        partition = self._open[i % len(self._open)]
        if chance.random() < 0.01:
            self._send(topics.FEATURES, None, chance.choice(_POISON), partition)
            self.poison += 1
            return
        ts = START + (i + self.plan.skew.get(partition, 0)) * MINUTE
        wild = chance.choice([1, 4_102_444_800_000]) if chance.random() < 0.01 else None
        value = self._stream.event(i, ts=wild or ts)
        self._send(topics.FEATURES, b"e-%d" % i, value, partition)
        if wild is None or wild < ts:
            self.expected[f"e-{i}"] = None if wild else self._label(i, ts, chance)
        else:
            self.poison += 1

    def _label(self, i: int, ts: int, chance: random.Random) -> str | None:
        """Plan the label of event `i`; what it must end as."""
        delay = chance.randint(1, HORIZON // 2)
        label, other = ("ok", "fraud") if (i % 2 == 0) is (chance.random() > NOISE) else ("fraud", "ok")
        match chance.choices(["plain", "none", "late", "repeat", "conflict", "poison"], [76, 10, 4, 5, 3, 2])[
            0
        ]:
            case "none":
                return None
            case "late":
                self._plan_label(i, ts, delay + HORIZON, label)
                return None
            case "poison":
                heapq.heappush(self._due, (i + delay, self._next(), None, chance.choice(_POISON)))
                return None
            case "repeat":
                self._plan_label(i, ts, delay + 20, label)
            case "conflict":
                self._plan_label(i, ts, delay + 20, other)
                self._plan_label(10_000_000 + i, ts, delay, label)  # and one for an event that never was
        self._plan_label(i, ts, delay, label)
        return label

    def _plan_label(self, i: int, ts: int, delay: int, label: str) -> None:
        value = json.dumps({"event_id": f"e-{i}", "label": label, "ts": ts + delay * MINUTE}).encode()
        due = (ts - START) // MINUTE + delay
        heapq.heappush(self._due, (due, self._next(), b"e-%d" % i, value))

    def _labels(self, until: int) -> None:
        while self._due and self._due[0][0] < until:
            _, _, key, value = heapq.heappop(self._due)
            partition = hash_of(key or value) % len(self._open)
            self._send(topics.LABELS, key, value, self._open[partition])

    def _send(self, topic: topics.Topic, key: bytes | None, value: bytes, partition: int) -> None:
        self._producer.produce(self._stream.topic(topic), value, key, partition)
        self._producer.poll(0)

    def _next(self) -> int:
        self._number += 1
        return self._number


def hash_of(data: bytes) -> int:
    """The same in every run, as Python's own is not."""
    return int.from_bytes(data[-4:], "big")


def label_of(value: dict[str, Any]) -> str | None:
    """What an outcome says that its event ended as."""
    return value["label"] if value["status"] == "matched" else None
