"""`scoreloop feed` on a real Kafka: what arrives, and that a signal leaves nothing half-sent."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

from events.settings import BOOTSTRAP_VARIABLE, Kafka, Settings, load
from transport import topics
from transport.reading import read_to_end

ROWS = 20_000


@pytest.fixture
def stream(kafka: Kafka, tmp_path: Path) -> Settings:
    """A stream of its own whose topics are there, its `stream.toml` and a file of rows beside it."""
    path = tmp_path / "stream.toml"
    path.write_text(
        f'name = "feed-{uuid.uuid4().hex[:8]}"\ntask = "classification"\n'
        f'kafka.bootstrap_servers = "{kafka.bootstrap_servers}"\n'
        'features = {x = "number", c = {type = "category", nullable = true}}\nlabels.classes = [0, 1]\n',
        encoding="utf-8",
    )
    rows = "".join(f"{i / 7},{'ab'[i % 2]},{i % 2}\n" for i in range(ROWS))
    (tmp_path / "rows.csv").write_text(f"x,c,label\n{rows}", encoding="utf-8")
    settings = load(path, {})
    topics.create(settings)
    return settings


def started(folder: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """A feed of the rows in `folder` in a process of its own, from its first moment on."""
    command = [sys.executable, "-m", "console.main", "feed", "stream.toml", "--csv", "rows.csv", *arguments]
    inherited = {name: value for name, value in os.environ.items() if name != BOOTSTRAP_VARIABLE}
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**inherited, "PYTHONPATH": root, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def fed(folder: Path, *arguments: str) -> dict[str, Any]:
    process = started(folder, *arguments, "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    facts: dict[str, Any] = msgspec.json.decode(out)
    return facts


def messages(settings: Settings, topic: str) -> list[Message]:
    return list(read_to_end(settings.kafka, f"{settings.name}.{topic}"))


def values(settings: Settings, topic: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(message.value()) for message in messages(settings, topic)]


def ids(settings: Settings, topic: str) -> list[int]:
    return sorted(int(value["event_id"].rsplit("-", 1)[1]) for value in values(settings, topic))


def test_every_row_arrives_once_as_the_contract_has_it(stream: Settings, tmp_path: Path) -> None:
    began = int(time.time() * 1000)
    facts = fed(tmp_path, "--rows", "100:5000", "--interval", "1m", "--label-delay", "3h")
    assert (facts["events"], facts["labels"], facts["continue_rows"]) == (4_900, 4_900, None)
    start = 1_704_067_200_000 - (ROWS - 1) * 60_000
    by_row = {int(v["event_id"].rsplit("-", 1)[1]): v for v in values(stream, "features")}
    assert by_row == {
        i: {
            "event_id": f"{stream.name}-{i}",
            "ts": start + i * 60_000,
            "features": {"x": i / 7, "c": "ab"[i % 2]},
        }
        for i in range(100, 5_000)
    }
    labels = values(stream, "labels")
    assert Counter(label["event_id"] for label in labels) == Counter(v["event_id"] for v in by_row.values())
    for label in labels:
        i = int(label["event_id"].rsplit("-", 1)[1])
        assert label == {
            "event_id": f"{stream.name}-{i}",
            "label": i % 2,
            "ts": by_row[i]["ts"] + 3 * 3_600_000,
        }
    for message in (*messages(stream, "features"), *messages(stream, "labels")):
        kind, written = message.timestamp()
        assert (kind, message.headers()) == (TIMESTAMP_CREATE_TIME, None)
        assert began - 1_000 <= written <= time.time() * 1000 + 1_000
        assert msgspec.json.decode(message.value())["event_id"].encode() == message.key()


def test_slices_fit_together_and_miss_the_same_labels(stream: Settings, tmp_path: Path) -> None:
    first = fed(tmp_path, "--rows", ":700", "--missing", "0.4", "--seed", "9")
    second = fed(tmp_path, "--rows", "700:1500", "--missing", "0.4", "--seed", "9")
    assert second["first_ts"] - first["last_ts"] == 1_000
    assert ids(stream, "features") == list(range(1_500))
    in_slices = ids(stream, "labels")
    fed(tmp_path, "--rows", ":1500", "--missing", "0.4", "--seed", "9")
    assert Counter(ids(stream, "labels")) == Counter(in_slices * 2)
    assert 800 < len(in_slices) < 1_000


def test_rate_is_events_a_second(stream: Settings, tmp_path: Path) -> None:
    facts = fed(tmp_path, "--rows", ":1000", "--rate", "500")
    assert 1.9 < facts["seconds"] < 3.0
    written = sorted(message.timestamp()[1] for message in messages(stream, "features"))
    halfway = sum(ms < written[0] + 1_000 for ms in written)
    assert 400 < halfway < 600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_half_sent_and_says_how_to_go_on(
    stream: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    process = started(tmp_path, "--rate", "1000", "--label-delay", "5m")
    deadline = time.monotonic() + 30
    while not messages(stream, "features"):
        assert time.monotonic() < deadline, "the feed has sent nothing"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    [next_rows] = re.findall(r"--rows (\d+:\d+) goes on", out)
    sent = int(next_rows.split(":")[0])
    assert 0 < sent < ROWS
    assert next_rows == f"{sent}:{ROWS}"
    assert ids(stream, "features") == ids(stream, "labels") == list(range(sent))
    fed(tmp_path, "--rows", f"{sent}:{sent + 10}", "--label-delay", "5m")
    assert ids(stream, "features") == ids(stream, "labels") == list(range(sent + 10))


def sentences(process: "subprocess.Popen[str]") -> Iterator[str]:
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    yield from err.splitlines()


def test_topics_that_are_missing_are_one_sentence(stream: Settings, tmp_path: Path) -> None:
    path = tmp_path / "stream.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(stream.name, "no-topics"), encoding="utf-8")
    [sentence] = sentences(started(tmp_path))
    assert "no topic no-topics.features" in sentence
    assert "run `scoreloop topics create STREAM.toml`" in sentence


@pytest.mark.usefixtures("stream")
def test_a_broker_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    [sentence] = sentences(started(tmp_path, **{BOOTSTRAP_VARIABLE: "127.0.0.1:1"}))
    assert "no Kafka broker answers at 127.0.0.1:1" in sentence


def test_a_record_that_the_cluster_refuses_is_one_sentence(stream: Settings, tmp_path: Path) -> None:
    """One row is larger than a record may be; those before it have arrived."""
    (tmp_path / "rows.csv").write_text(f"x,c,label\n1,a,0\n2,{'b' * 1_100_000},1\n3,a,0\n", encoding="utf-8")
    [sentence] = sentences(started(tmp_path))
    assert (
        f"1 record was not delivered, the first being {stream.name}-1 to {stream.name}.features" in sentence
    )
    assert "too large" in sentence
    assert 0 in ids(stream, "features")
