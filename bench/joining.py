"""How fast one joiner joins, what memory it takes, and how long a restart takes to know again what waits.

    python bench/joining.py --rows 500000 --bootstrap 127.0.0.1:9092
    python bench/joining.py --rows 1000000 --waiting --bootstrap 127.0.0.1:9092

Predictions and labels stand in the topics before the joiner starts. Labels are in `labels` without key, out
of order, up to `--late` rows behind their predictions. Prints JSON: outcomes a second between the first and
the last outcome's record timestamps, the processor time of the joiner for each from its first output on (on
a machine that is not idle, the figure to compare), and its largest resident set.

With `--waiting` no label comes: the memory that each prediction takes which waits; then the joiner is killed
(-9), and its successor says how long it took to restore.
"""

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, OffsetSpec
from speed.processes import cpu_seconds, megabytes

from events import topics as names
from events.settings import Settings, load
from transport import clients, topics
from transport.reading import read_to_end
from transport.standing import committed, offsets

START = 1_700_000_000_000
STREAM = """
name = "{name}"
task = "classification"
kafka.bootstrap_servers = "{bootstrap}"
topics.partitions = {partitions}
labels = {{ classes = [0, 1], horizon = "48h" }}
windows = {{ length = "1h" }}
[features]
{features}
"""
RESTORED = re.compile(r"restored partition \d+ in ([\d.]+) s: (\d+) records wait")


def main() -> None:
    """Write, join, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--late", type=int, default=20_000)
    parser.add_argument("--waiting", action="store_true")
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.toml"
        features = "\n".join(f'f{k} = "number"' for k in range(arguments.features))
        name = f"bench-{uuid.uuid4().hex[:8]}"
        path.write_text(STREAM.format(name=name, **{**vars(arguments), "features": features}))
        settings = load(path)
        topics.create(settings)
        write(settings, arguments.rows, 0 if arguments.waiting else arguments.rows, arguments.late)
        measured = waited if arguments.waiting else joined
        print(json.dumps({**vars(arguments), **measured(settings, path, arguments.rows)}, indent=2))


def write(settings: Settings, rows: int, labelled: int, late: int) -> None:
    """Predictions in order, and the labels of the first `labelled`, out of order, behind them."""
    chance = random.Random(0)
    producer = clients.producer(settings.kafka, linger_ms=20, compression_type="lz4")
    predictions, labels = (t.of(settings.name) for t in (names.PREDICTIONS, names.LABELS))
    due = sorted((i + late * chance.uniform(0.75, 1), i) for i in range(labelled))
    at = 0
    for i in range(rows + late + 1):
        if i < rows:
            put(producer, predictions, f"e-{i}", prediction(chance, i, len(settings.features)))
        while at < len(due) and due[at][0] <= i:
            row = due[at][1]
            label = {"event_id": f"e-{row}", "label": row % 2, "ts": START + row + late}
            put(producer, labels, None, msgspec.json.encode(label))
            at += 1
    producer.flush()


def put(producer: Producer, topic: str, key: str | None, value: bytes) -> None:
    """One record, waiting for room."""
    while True:
        try:
            producer.produce(topic, value, key)
        except BufferError:
            producer.poll(0.05)
        else:
            return


def prediction(chance: random.Random, i: int, features: int) -> bytes:
    """A record of `predictions`."""
    share = chance.random()
    return msgspec.json.encode(
        {
            "event_id": f"e-{i}",
            "prediction_id": f"0-{i}",
            "ts": START + i,
            "scored_ts": START + i,
            "model_version": 1,
            "role": "champion",
            "prediction": i % 2 if chance.random() < 0.9 else 1 - i % 2,
            "features": {f"f{k}": chance.gauss(0, 1) for k in range(features)},
            "probabilities": {"0": share, "1": 1 - share},
        }
    )


def joined(settings: Settings, path: Path, rows: int, broker: int | None = None) -> dict[str, Any]:
    """What one joiner process makes of predictions and labels; `broker` is a process that is watched too."""
    client = clients.admin(settings.kafka)
    with joiner(path, subprocess.DEVNULL) as process:
        watched = [pid for pid in (process.pid, broker) if pid is not None]
        reach(lambda: written(client, settings, names.JOINING), 1)
        before = [cpu_seconds(pid) for pid in watched]
        reach(lambda: written(client, settings, names.OUTCOMES), rows)
        spent = [cpu_seconds(pid) - began for pid, began in zip(watched, before, strict=True)]
        peak = megabytes(process.pid, "VmHWM")
    times = [m.timestamp()[1] for m in read_to_end(settings.kafka, names.OUTCOMES.of(settings.name))]
    each = [round(seconds / rows * 1e6, 1) for seconds in spent]
    return {
        "outcomes": len(times),
        "outcomes_a_second": round(1000 * len(times) / (max(times) - min(times))),
        "cpu_us_an_outcome": each[0],
        **({} if broker is None else {"broker_us_an_outcome": each[1]}),
        "peak_rss_mb": round(peak),
    }


def waited(settings: Settings, path: Path, rows: int) -> dict[str, Any]:
    """What one joiner process takes while all predictions wait, and its successor's restore."""
    with joiner(path, subprocess.DEVNULL) as process:
        reach(lambda: taken(settings), 1)
        before, empty = cpu_seconds(process.pid), megabytes(process.pid, "VmRSS")
        reach(lambda: taken(settings), rows)
        spent, resident = cpu_seconds(process.pid) - before, megabytes(process.pid, "VmRSS")
        on_disk, held = disk_bytes(process.pid), settings.joining.memory_entries * settings.topics.partitions
        process.send_signal(signal.SIGKILL)
    with joiner(path, subprocess.PIPE) as process:
        restored = restores(process, settings.topics.partitions)
        after = megabytes(process.pid, "VmHWM")
    return {
        "cpu_us_a_prediction": round(spent / rows * 1e6, 1),
        "rss_mb": round(resident),
        "rss_bytes_a_prediction": round((resident - empty) * 2**20 / rows),
        "disk_bytes_a_prediction": round(on_disk / max(1, rows - held)),
        "restored": sum(count for _, count in restored),
        "restore_seconds": round(sum(seconds for seconds, _ in restored), 1),
        "restored_peak_rss_mb": round(after),
    }


@contextmanager
def joiner(path: Path, log: int) -> Iterator[subprocess.Popen[str]]:
    """A joiner of the stream, as a process of its own."""
    script = Path(sys.executable).parent / "scoreloop"
    process = subprocess.Popen([script, "joiner", path], stderr=log, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def reach(count: Callable[[], int], wanted: int) -> None:
    """Wait until there are so many."""
    while count() < wanted:
        time.sleep(0.1)


def written(client: AdminClient, settings: Settings, topic: names.Topic) -> int:
    """How many records a topic has, and marks of transactions."""
    name, count = topic.of(settings.name), settings.topics.partitions
    return sum(offsets(client, name, count, OffsetSpec.latest()).values())


def taken(settings: Settings) -> int:
    """How many predictions the joiner has read and committed."""
    group = names.group(settings.name, names.JOINER)
    topic, count = names.PREDICTIONS.of(settings.name), settings.topics.partitions
    return sum(offset or 0 for offset in committed(settings.kafka, group, topic, count).values())


def restores(process: subprocess.Popen[str], partitions: int) -> list[tuple[float, int]]:
    """Seconds, and records that wait, of each partition, as the joiner's log says."""
    lines = map(RESTORED.search, cast("IO[str]", process.stderr))
    found = islice(filter(None, lines), partitions)
    return [(float(match[1]), int(match[2])) for match in found]


def disk_bytes(pid: int) -> int:
    """Of its files that have no name: what the joiner has put there."""
    found = (path.stat().st_size for path in Path(f"/proc/{pid}/fd").iterdir() if _nameless(path))
    return sum(found)


def _nameless(path: Path) -> bool:
    return path.readlink().name.endswith("(deleted)")


if __name__ == "__main__":
    main()
