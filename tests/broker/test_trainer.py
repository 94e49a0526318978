"""The trainer on a real Kafka: each decision ends once, whatever is killed and whoever acts."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deciding import (
    EVENTS,
    QUICK,
    START,
    alarmed,
    asked,
    await_detail,
    check,
    lived,
    manifest,
    outcome,
    result,
    roles,
)
from processes import alive, children, kill
from streams import CLASSES, ROOT, Stream, until

from consumers.trainer.examples import examples, examples_again
from consumers.trainer.service import run_trainer
from consumers.trainer.trainer import WAITING
from events import topics
from events.errors import ScoreloopError
from events.internal import STANDING_BY
from events.settings import Kafka
from models import artifact
from models.registry import Registry
from transport import clients


@contextmanager
def trainer(stream: Stream, slot: int = 0) -> "Iterator[subprocess.Popen[str]]":
    with stream.command("trainer", stream.path.name, "--slot", str(slot)) as process:
        yield process


def test_a_retrain_learns_from_outcomes_and_its_version_serves(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    with stream.scorer(), stream.service(run_trainer, 0) as failures:
        stream.await_worker(lambda worker: worker.champion == 1)
        alarmed(stream, "d-1")
        alarmed(stream, "d-1")
        ended = result(stream, "d-1")
        stream.await_worker(lambda worker: worker.champion == 2 and worker.epoch == 2)
    assert (ended.status, ended.version, ended.epoch) == ("done", 2, 2)
    assert (
        ended.reason
        == "version 2 promoted: error 0 against the champion's 1 on the newest 65 labelled events"
    )
    made = manifest(stream, 2)
    assert (made.parent_version, made.decision_id) == (1, "d-1")
    assert made.metrics["gate"]["window"] == "those since the change"
    assert made.trained_on["rows"] == EVENTS
    assert made.trained_on["from_ts"] == START
    again = examples_again(stream.settings, made.trained_on)
    assert again.ts == list(range(START, START + EVENTS))
    artifact.loads(Registry(stream.settings.registry.url).get(made.artifact_sha256))
    assert failures == []
    assert multiprocessing.active_children() == []
    check(stream, 2, {"d-1": "done"})


def test_rows_are_looked_for_further_back_and_are_the_same_when_read_again(
    kafka: Kafka, tmp_path: Path
) -> None:
    stream = Stream(kafka, tmp_path, "training.rows = 50\n" + CLASSES)
    stream.send(
        (outcome(i, status="matched" if i % 10 == 0 else "expired") for i in range(2_000)), topics.OUTCOMES
    )
    told: list[str] = []
    first = examples(stream.settings, told.append)
    assert len(told) == 3, "2, 8 and 32 offsets for each row"
    assert first.labelled.ts == [START + i for i in range(1_500, 2_000, 10)]
    stream.send((outcome(i) for i in range(2_000, 2_100)), topics.OUTCOMES)
    assert examples_again(stream.settings, first.trained_on) == first.labelled
    client = clients.admin(kafka)
    from confluent_kafka import TopicPartition  # noqa: PLC0415 (one test's)

    end = TopicPartition(stream.topic(topics.OUTCOMES), 0, -1)
    client.delete_records([end])[end].result()
    with pytest.raises(ScoreloopError, match=r"outcomes-0 keeps the offsets .* cannot be read again"):
        examples_again(stream.settings, first.trained_on)
    with pytest.raises(ScoreloopError, match="not trained on outcomes"):
        examples_again(stream.settings, {"file": "rows.csv"})


def test_a_training_over_its_time_is_given_up(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path, 'training.time_limit = "1ms"\n' + QUICK)
    with stream.service(run_trainer, 0) as failures:
        alarmed(stream, "d-1")
        assert result(stream, "d-1").reason.startswith(
            "training took longer than [training] time_limit = 1ms"
        )
        assert multiprocessing.active_children() == []
    assert failures == []
    check(stream, 1, {"d-1": "failed"})


def test_what_fails_in_a_training_is_said_and_the_champion_stays(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    [artefact] = (tmp_path / stream.settings.registry.url / "artifacts").iterdir()
    artefact.write_bytes(b"other")
    with stream.service(run_trainer, 0) as failures:
        alarmed(stream, "d-1")
        assert "has other bytes than its name says" in result(stream, "d-1").reason
    assert failures == []
    check(stream, 1, {"d-1": "failed"})


def test_a_stop_ends_a_training_and_the_next_process_takes_it_up(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    with trainer(stream) as process:
        alarmed(stream, "d-1")
        await_detail(stream, "training for d-1")
        left = children(process.pid)
        assert left
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        until(lambda: None if any(map(alive, left)) else True, f"the end of {left}")
    check(stream, 1, {})
    with stream.service(run_trainer, 0):
        assert result(stream, "d-1").status == "done"
    check(stream, 2, {"d-1": "done"})


@pytest.mark.parametrize("moment", ["artefact", "transaction"])
def test_a_trainer_killed_at_any_step_acts_once(kafka: Kafka, tmp_path: Path, moment: str) -> None:
    stream = lived(kafka, tmp_path)
    artefacts = tmp_path / stream.settings.registry.url / "artifacts"
    with trainer(stream) as process:
        alarmed(stream, "d-1")
        if moment == "artefact":
            until(lambda: True if len(list(artefacts.iterdir())) > 1 else None, "the artefact")
        else:
            result(stream, "d-1")
        kill(process)
    asked(stream, "resume", "d-2")
    with stream.service(run_trainer, 0) as failures:
        assert result(stream, "d-2").status == "rejected"
        assert result(stream, "d-1").status == "done"
    assert failures == []
    check(stream, 2, {"d-1": "done", "d-2": "rejected"})
    assert roles(stream).champion == 2


@pytest.mark.parametrize("how", ["killed", "stalled"])
def test_another_slot_stands_by_and_takes_over(kafka: Kafka, tmp_path: Path, how: str) -> None:
    stream = lived(kafka, tmp_path)
    with trainer(stream, 0) as first:
        await_detail(stream, WAITING, 0)
        with trainer(stream, 1) as second:
            await_detail(stream, STANDING_BY, 1)
            alarmed(stream, "d-1")
            await_detail(stream, "training for d-1")
            if how == "killed":
                kill(first)
            else:
                first.send_signal(signal.SIGSTOP)  # its training goes on, and ends beside the other's
            assert result(stream, "d-1").status == "done"
            if how == "stalled":
                first.send_signal(signal.SIGCONT)
                await_detail(stream, STANDING_BY, 0)
            asked(stream, "rollback", "d-2")
            assert result(stream, "d-2").version == 1
            second.send_signal(signal.SIGTERM)
            assert second.wait(timeout=30) == 0
    check(stream, 3, {"d-1": "done", "d-2": "done"})


PARENT = """
import sys
from pathlib import Path
from trainings import decision, draft
from consumers.trainer.course import Request
from consumers.trainer.process import Spawned
from events.settings import load

if __name__ == "__main__":
    champion = draft().manifest(1, None, "t-1", 0)
    Spawned(load(Path(sys.argv[1]), {}), Request(decision("retrain", "d-1"), champion, 1))
    print("started", flush=True)
    sys.stdin.read()
"""


def test_a_training_ends_at_once_with_the_process_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing: it must wait
        servers = f"127.0.0.1:{silent.getsockname()[1]}"
        (tmp_path / "stream.toml").write_text(
            f'name = "s"\ntask = "regression"\nkafka.bootstrap_servers = "{servers}"\nfeatures.x = "number"\n'
        )
        with subprocess.Popen(
            [sys.executable, "parent.py", "stream.toml"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"started\n"
            left = children(parent.pid)
            assert left
            connection, _ = silent.accept()  # the training has begun: it asks the broker, for five seconds
            with connection:
                parent.kill()
                killed = time.monotonic()
                until(lambda: None if any(map(alive, left)) else True, f"the end of {left}")
                assert time.monotonic() - killed < 2.5
