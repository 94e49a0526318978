"""Real processes and real kills: `scorer`, `up`, and what a user does wrong."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from streams import ROOT, Stream, until

from events import topics
from events.settings import Kafka
from transport.reading import is_record, reader


class Reader(threading.Thread):
    """A read_committed reader beside the run, which keeps what it saw."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(daemon=True)
        self.seen: list[str] = []
        self._consumer = reader(stream.settings.kafka, stream.topic(topics.PREDICTIONS))
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            for message in self._consumer.consume(1000, 0.2):
                if message.error() is None and is_record(message):
                    self.seen.append(json.loads(message.value() or b"")["prediction_id"])
        self._consumer.close()

    def end(self) -> None:
        self._ended.set()
        self.join()


def pids(pattern: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def scorers(stream: Stream) -> list[int]:
    return pids(rf"scorer {re.escape(stream.path.name)} --slot")


def test_up_survives_its_children_s_deaths_exactly_once_and_ends(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    beside = Reader(stream)
    with stream.command("up", stream.path.name, "--workers", "2") as up:
        stream.await_worker(lambda w: w.epoch == 1, slot=0)
        stream.await_worker(lambda w: w.epoch == 1, slot=1)
        beside.start()
        sent = 0
        for round_ in range(4):
            sent += stream.send(stream.event(i) for i in range(sent, sent + 1500))
            os.kill(scorers(stream)[round_ % 2], signal.SIGKILL)
            if round_ == 1:
                stream.await_records(topics.PREDICTIONS, 1)
                stream.train(seed=2)
            sent += stream.send(stream.event(i) for i in range(sent, sent + 1500))
            until(lambda: True if len(scorers(stream)) == 2 else None, "the restart")
        predictions = stream.await_records(topics.PREDICTIONS, sent)
        with stream.command("up", stream.path.name) as second:
            output, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"already runs for {stream.settings.name} (process {up.pid})" in output
        began = time.monotonic()
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=30) == 0
        assert time.monotonic() - began < 10
        assert scorers(stream) == []
        beside.end()
    times = Counter(prediction["prediction_id"] for prediction in predictions)
    assert len(times) == sent
    assert set(times.values()) == {1}
    assert {p["model_version"] for p in predictions} == {1, 2}
    assert Counter(beside.seen) == times, "what a reader saw during the run is what is there after it"
    assert stream.worker() is None


def test_children_end_when_up_is_killed(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    with stream.command("up", stream.path.name) as up:
        stream.await_worker(lambda w: w.epoch == 1)
        up.kill()
        until(lambda: True if not scorers(stream) else None, "the children's end")


def test_the_older_of_two_processes_in_a_slot_exits_1_with_a_sentence(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    with stream.command("scorer", stream.path.name, "--slot", "0") as older:
        stream.send([stream.event(1)])
        stream.await_records(topics.PREDICTIONS, 1)
        with stream.command("scorer", stream.path.name, "--slot", "0") as newer:
            output, _ = older.communicate(timeout=60)  # nothing flows: only the group can tell the older
            assert older.returncode == 1
            assert re.search(
                r"^scoreloop: a newer process \(.*\) has taken this slot over$", output, re.MULTILINE
            )
            assert "Traceback" not in output
            stream.send([stream.event(2)])
            stream.await_records(topics.PREDICTIONS, 2)
            newer.send_signal(signal.SIGTERM)
            assert newer.wait(timeout=30) == 0


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("topics", "create", "none.toml"), 1, "none.toml: no such file; `scoreloop init` writes one"),
    (("topics", "create", "broken.toml"), 1, "broken.toml: cannot be read as TOML"),
    (("topics", "check", "{stream}"), 1, "are not as they must be"),
    (("train", "{stream}", "--csv", "rows.csv"), 1, "there is no topic"),
    (("scorer", "{stream}"), 1, "there is no topic"),
    (("up", "{stream}"), 1, "there is no topic"),
    (("status", "{stream}"), 1, "there is no topic"),
    (("watch", "{stream}"), 1, "there is no topic"),
    (("feed", "{stream}", "--csv", "rows.csv"), 1, "there is no topic"),
    (("topics", "create", "nowhere.toml"), 1, "no Kafka broker answers at 127.0.0.1:1"),
    (("train", "nowhere.toml", "--csv", "rows.csv"), 1, "no Kafka broker answers at 127.0.0.1:1"),
    (("up", "nowhere.toml"), 1, "no Kafka broker answers at 127.0.0.1:1"),
    (("train", "{stream}"), 2, "--csv FILE or --synth NAME"),
    (("train", "{stream}", "--csv", "none.csv"), 1, "none.csv: no such file"),
    (("train", "{stream}", "--csv", "rows.csv", "--rows", "5:2"), 2, "--rows"),
    (("scorer", "{stream}", "--slot", "-1"), 2, "--slot"),
    (("scorers", "{stream}"), 2, "No such command 'scorers'"),
    (("topics", "create", "property.toml"), 1, '[kafka]: No such configuration property: "no.such.property"'),
    (("topics", "create", "owned.toml"), 1, "[kafka] isolation.level: scoreloop sets this property itself"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"), WRONG, ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_what_a_user_does_wrong_is_one_sentence(
    kafka: Kafka, tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    body = 'task = "regression"\n[features]\nx = "number"\n'
    servers = f'kafka.bootstrap_servers = "{kafka.bootstrap_servers}"\n'
    (tmp_path / "stream.toml").write_text(f'name = "untouched"\n{servers}{body}')
    (tmp_path / "nowhere.toml").write_text(
        f'name = "nowhere"\nkafka.bootstrap_servers = "127.0.0.1:1"\n{body}'
    )
    (tmp_path / "property.toml").write_text(f'name = "p"\n{servers}kafka.no.such.property = 1\n{body}')
    (tmp_path / "owned.toml").write_text(
        f'name = "p"\n{servers}kafka.isolation.level = "read_uncommitted"\n{body}'
    )
    (tmp_path / "broken.toml").write_text("name =")
    (tmp_path / "rows.csv").write_text("x,label\n" + "1,2\n" * 20)
    command = [str(ROOT / ".venv/bin/scoreloop"), *(a.format(stream="stream.toml") for a in arguments)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.strip().splitlines()[-1].startswith("scoreloop: ")
