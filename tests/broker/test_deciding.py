"""Operators' commands and `train` on a real Kafka: each waits for what became of its decision."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from deciding import EVENTS, QUICK, asked, await_detail, check, lived, outcome, result
from streams import Stream, until

from consumers.trainer.service import run_trainer
from consumers.trainer.trainer import WAITING
from events import topics
from events.records import Decision
from events.settings import Kafka


def run(stream: Stream, *arguments: str, code: int = 0) -> str:
    with stream.command(*arguments) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "Traceback" not in output
    return output


def document(output: str) -> dict[str, Any]:
    """The JSON at the end of what a command wrote."""
    return dict(json.loads(output[output.index("\n{\n") + 1 :]))


def test_operators_commands_wait_for_what_became_of_them(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    stream.send((outcome(i) for i in range(EVENTS, 1_300)), topics.OUTCOMES)
    stream.train(seed=1)
    why = (stream.path.name, "--reason", "a test")
    with stream.service(run_trainer, 0):
        facts = document(run(stream, "rollback", *why, "--json"))
        assert (facts["status"], facts["version"], facts["epoch"]) == ("done", 1, 3)
        output = run(stream, "promote", *why, "--version", "9", code=1)
        assert output.endswith("rejected: there is no version 9\n")
        output = run(stream, "retrain", *why)
        assert "training for" in output
        assert "done: version 3 promoted: error 0 against the champion's 1 on the newest 325" in output
        made = [Decision.model_validate_json(m.value() or b"") for m in stream.read(topics.CONTROL)]
    assert [(one.action, one.requested_by, one.reason) for one in made] == [
        (action, "operator", "a test") for action in ("rollback", "promote", "retrain")
    ]
    check(stream, 4, {one.decision_id: "done" for one in made if one.action != "promote"})


def test_a_decision_without_a_trainer_waits_and_says_so(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    output = run(stream, "pause", stream.path.name, "--reason", "x", "--timeout", "500ms", code=1)
    assert "no trainer runs, and the decision waits for one: `scoreloop up STREAM.toml`" in output
    assert "was not acted on in 500ms; it stays in control" in output
    with stream.command("pause", stream.path.name, "--reason", "x") as process:
        until(lambda: True if len(stream.read(topics.CONTROL)) > 1 else None, "the decision")
        time.sleep(0.5)  # until it listens for Ctrl-C where it says what stays; no event tells of it
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "stays in control" in output
    first, second = (m.key().decode() for m in stream.read(topics.CONTROL))  # type: ignore[union-attr]
    with stream.service(run_trainer, 0):
        assert result(stream, first).status == "done"
        assert result(stream, second).status == "rejected"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    lines = [f"{i % 7},{('SE', 'NO')[i % 2]},{('fraud', 'ok')[i % 2]}" for i in range(80)]
    path.write_text("amount,country,label\n" + "\n".join(lines) + "\n")
    return path


def test_train_acts_by_itself_or_leaves_it_to_the_trainer_that_runs(
    kafka: Kafka, tmp_path: Path, csv: Path
) -> None:
    stream = Stream(kafka, tmp_path, QUICK)
    command = ("train", stream.path.name, "--csv", csv.name, "--json")
    first = document(run(stream, *command))
    assert (first["version"], first["epoch"]) == (1, 1)
    assert set(first) == {"version", "epoch", "estimator", "metrics", "trained_on"}
    with stream.service(run_trainer, 0) as failures:
        await_detail(stream, WAITING)
        second = document(run(stream, *command))
        assert (second["version"], second["epoch"]) == (2, 2)
        asked(stream, "rollback", "d-1")
        assert result(stream, "d-1").version == 1
    assert failures == []
    named = {(message.key() or b"").decode() for message in stream.read(topics.SERVICES)}
    assert len([name for name in named if name.startswith("trainer-train-")]) == 1, (
        "the second was not needed"
    )
    check(stream, 3, {"d-1": "done"})


def test_two_trainings_at_once_become_two_versions(kafka: Kafka, tmp_path: Path, csv: Path) -> None:
    stream = Stream(kafka, tmp_path, QUICK)
    command = ("train", stream.path.name, "--csv", csv.name, "--json")
    with stream.command(*command) as one, stream.command(*command) as other:
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]
    assert sorted(document(output)["version"] for output in outputs) == [1, 2], outputs
    check(stream, 2, {})
