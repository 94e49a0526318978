"""How long an event waits for its prediction: from its append to a read_committed reader that has it.

    python bench/latency.py --rates 1000 10000 --producers 1 2 3 --seconds 20 --rounds 2

A broker, a stream of six numbers, a logistic regression and one `scoreloop scorer` of its own for each
`--producers`; rounds alternate between them, so that what else the machine does hits all alike. Prints a line
of JSON each: quantiles and the largest in milliseconds, over what was sent after a warm-up, and the scorer's
processor time for an event. `--scoring batch_wait=2ms` sets more of `[scoring]`.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec
import numpy as np
from speed.processes import cpu_seconds

from events import topics as names
from events.settings import Settings, load
from ops.broker import cluster
from transport import clients, topics
from transport.reading import is_end, is_record, reader

STREAM = """
name = "{name}"
task = "classification"
kafka.bootstrap_servers = "{bootstrap}"
topics.partitions = 4
labels = {{ classes = [0, 1], column = "label" }}
training.families = ["linear"]
[scoring]
producers = {producers}
{scoring}
[features]
{features}
"""
SCRIPT = Path(sys.executable).parent / "scoreloop"
FEATURES = 6
WARM_SECONDS = 3.0
TICK_SECONDS = 0.002
END_SECONDS = 30.0


class Answer(msgspec.Struct):
    """What of a prediction is looked at."""

    event_id: str


def main() -> None:
    """Measure each rate with each number of producers, in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--producers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scoring", nargs="*", default=[])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        data = Path(folder, "broker")
        facts = cluster.start(data, port=0, say=lambda _: None)
        try:
            streams = {
                count: made(Path(folder), facts.bootstrap_servers or "", count, arguments.scoring)
                for count in arguments.producers
            }
            for round_ in range(arguments.rounds):
                for rate in arguments.rates:
                    for count, (settings, path) in streams.items():
                        found = measured(settings, path, rate, arguments.seconds)
                        print(
                            json.dumps({"producers": count, "rate": rate, "round": round_, **found}),
                            flush=True,
                        )
        finally:
            cluster.stop(data, say=lambda _: None)


def made(folder: Path, bootstrap: str, producers: int, scoring: list[str]) -> tuple[Settings, Path]:
    """A stream with a version that serves."""
    path = folder / f"stream-{producers}.toml"
    features = "\n".join(f'f{k} = "number"' for k in range(FEATURES))
    extra = "\n".join(f"{name} = {value!r}" for name, _, value in (each.partition("=") for each in scoring))
    name = f"latency-{uuid.uuid4().hex[:8]}"
    path.write_text(
        STREAM.format(name=name, bootstrap=bootstrap, producers=producers, scoring=extra, features=features)
    )
    settings = load(path)
    topics.create(settings)
    chance = random.Random(0)
    rows = [[chance.gauss(0, 1) for _ in range(FEATURES)] for _ in range(2_000)]
    lines = [",".join(map(str, [*row, int(sum(row) > 0)])) for row in rows]
    csv = folder / "rows.csv"
    csv.write_text("\n".join([",".join([*settings.features, "label"]), *lines]) + "\n")
    subprocess.run([SCRIPT, "train", path, "--csv", csv], check=True, stdout=subprocess.DEVNULL)
    return settings, path


@contextmanager
def scorer(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A scorer of the stream, as a process of its own."""
    process = subprocess.Popen([SCRIPT, "scorer", path], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


class Reader(Thread):
    """Reads predictions beside the run, and notes when each came."""

    def __init__(self, settings: Settings, count: int) -> None:
        super().__init__(daemon=True)
        self.came = np.zeros(count)
        self.left = count
        self.ended = Event()
        self._consumer = reader(settings.kafka, names.PREDICTIONS.of(settings.name))
        self._decode = msgspec.json.Decoder(Answer).decode
        self._run = uuid.uuid4().hex[:6]

    def event_id(self, i: int) -> str:
        """The name of this run's event number `i`."""
        return f"{self._run}-{i}"

    def run(self) -> None:  # noqa: D102 (threading's)
        while not self.ended.is_set() and self.left:
            messages = self._consumer.consume(1_000, 0.001)
            now = time.perf_counter()
            for message in messages:
                if not is_end(message) and is_record(message):
                    self._note(self._decode(message.value() or b"").event_id, now)
        self._consumer.close()

    def _note(self, event_id: str, now: float) -> None:
        run, _, i = event_id.partition("-")
        if run == self._run and not self.came[int(i)]:
            self.came[int(i)] = now
            self.left -= 1


def measured(settings: Settings, path: Path, rate: int, seconds: float) -> dict[str, Any]:
    """One run at one rate."""
    count = int(rate * (WARM_SECONDS + seconds))
    with scorer(path) as process:
        beside = Reader(settings, count)
        beside.start()
        before = cpu_seconds(process.pid)
        sent = send(settings, beside, count, rate)
        beside.join(END_SECONDS)
        beside.ended.set()
        spent = cpu_seconds(process.pid) - before
    warm = int(rate * WARM_SECONDS)
    answered = beside.came[warm:] > 0
    waited = (beside.came[warm:] - sent[warm:])[answered] * 1000
    return {
        "sent": count,
        "unanswered": beside.left,
        "p50_ms": round(float(np.percentile(waited, 50)), 1),
        "p95_ms": round(float(np.percentile(waited, 95)), 1),
        "p99_ms": round(float(np.percentile(waited, 99)), 1),
        "largest_ms": round(float(waited.max()), 1),
        "cpu_us_an_event": round(spent / count * 1e6, 1),
    }


def send(settings: Settings, beside: Reader, count: int, rate: int) -> np.ndarray:
    """Append events at an even pace once the first has its answer; when each was."""
    producer = clients.producer(settings.kafka, linger_ms=0)
    topic = names.FEATURES.of(settings.name)
    chance = random.Random(1)
    values = [{f"f{k}": chance.gauss(0, 1) for k in range(FEATURES)} for _ in range(1_000)]
    producer.produce(topic, **event(beside.event_id(0), values[0]))
    producer.flush()
    while not beside.came[0]:
        time.sleep(TICK_SECONDS)
    sent, began, i = np.zeros(count), time.perf_counter(), 1
    while i < count:
        due = min(count, int((time.perf_counter() - began) * rate) + 1)
        now = time.perf_counter()
        batch = [event(beside.event_id(k), values[k % len(values)]) for k in range(i, due)]
        sent[i:due] = now
        i = due
        producer.produce_batch(topic, batch)
        producer.poll(0)
        time.sleep(TICK_SECONDS)
    producer.flush()
    return sent


def event(event_id: str, features: dict[str, float]) -> dict[str, bytes]:
    """A message for `produce_batch`."""
    value = msgspec.json.encode({"event_id": event_id, "features": features})
    return {"value": value, "key": event_id.encode()}


if __name__ == "__main__":
    main()
