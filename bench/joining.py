"""How fast one joiner joins, and what memory it takes: predictions and late labels that stand in the topics.

    python bench/joining.py --rows 500000 --bootstrap 127.0.0.1:9092

Labels are in `labels` without key, out of order, `--late` rows behind their predictions; `--missing` of them
never come. Prints JSON: outcomes a second between the first and the last outcome's record timestamps, and
the joiner's largest resident set.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import msgspec
from confluent_kafka import Producer
from confluent_kafka.admin import OffsetSpec

from events import topics as names
from events.settings import Settings, load
from transport import clients, topics
from transport.reading import read_to_end
from transport.standing import offsets

START = 1_700_000_000_000
STREAM = """
name = "{name}"
task = "classification"
kafka.bootstrap_servers = "{bootstrap}"
topics.partitions = {partitions}
labels = {{ classes = [0, 1], horizon = "48h" }}
windows = {{ length = "1h" }}
[features]
f0 = "number"
f1 = "number"
f2 = "number"
f3 = "number"
f4 = "number"
f5 = "number"
f6 = "number"
f7 = "number"
"""


def main() -> None:
    """Write, join, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--late", type=int, default=20_000)
    parser.add_argument("--missing", type=float, default=0.0)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.toml"
        name = f"bench-{uuid.uuid4().hex[:8]}"
        path.write_text(
            STREAM.format(name=name, bootstrap=arguments.bootstrap, partitions=arguments.partitions)
        )
        settings = load(path)
        topics.create(settings)
        write(settings, arguments.rows, arguments.late, arguments.missing)
        print(json.dumps({**vars(arguments), **joined(settings, path, arguments.rows)}, indent=2))


def write(settings: Settings, rows: int, late: int, missing: float) -> None:
    """Predictions in order, and their labels out of order behind them."""
    chance = random.Random(0)
    producer = clients.producer(settings.kafka, linger_ms=20, compression_type="lz4")
    predictions, labels = (t.of(settings.name) for t in (names.PREDICTIONS, names.LABELS))
    due = sorted((i + late * chance.uniform(0.75, 1), i) for i in range(rows) if chance.random() >= missing)
    at = 0
    for i in range(rows + late + 1):
        if i < rows:
            put(producer, predictions, f"e-{i}", prediction(chance, i))
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


def prediction(chance: random.Random, i: int) -> bytes:
    """A record of `predictions` with eight features."""
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
            "features": {f"f{k}": chance.gauss(0, 1) for k in range(8)},
            "probabilities": {"0": share, "1": 1 - share},
        }
    )


def joined(settings: Settings, path: Path, rows: int) -> dict[str, object]:
    """What one joiner process made of it."""
    began = time.monotonic()
    script = Path(sys.executable).parent / "scoreloop"
    joiner = subprocess.Popen([script, "joiner", path], stderr=subprocess.DEVNULL)
    try:
        peak = await_outcomes(settings, rows, joiner.pid)
    finally:
        joiner.terminate()
        joiner.wait()
    outcomes = read_to_end(settings.kafka, names.OUTCOMES.of(settings.name))
    times = [message.timestamp()[1] for message in outcomes]
    span = (max(times) - min(times)) / 1000
    return {
        "outcomes": len(times),
        "outcomes_a_second": round(len(times) / span),
        "seconds_with_start": round(time.monotonic() - began, 1),
        "peak_rss_mb": peak,
    }


def await_outcomes(settings: Settings, rows: int, pid: int) -> int:
    """Wait until as many predictions as there are have their outcome; the joiner's largest memory in MB."""
    client = clients.admin(settings.kafka)
    name = names.OUTCOMES.of(settings.name)
    count = topics.partitions(client, settings)[name]
    peak = 0
    while True:
        status = Path(f"/proc/{pid}/status").read_text()
        peak = max(peak, int(status.split("VmHWM:")[1].split()[0]) // 1024)
        if sum(offsets(client, name, count, OffsetSpec.latest()).values()) >= rows:
            return peak
        time.sleep(0.2)


if __name__ == "__main__":
    main()
