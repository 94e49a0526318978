"""`scoreloop models` on a real Kafka."""

import json
import os
from pathlib import Path
from typing import Any

import joblib
import pytest
import skops.io
from click.testing import CliRunner, Result
from deciding import QUICK, alarmed, lived, manifest, result, roles, theirs
from streams import Stream

from console.main import scoreloop
from consumers.trainer.service import run_trainer
from consumers.trainer.signing import signing
from events import topics
from events.errors import ScoreloopError
from events.records import Manifest
from events.settings import Kafka, load
from models.registry import Registry


def run(stream: Stream, command: str, *arguments: str) -> Result:
    asked = ["models", command, str(stream.path), *arguments]
    return CliRunner().invoke(scoreloop, asked, standalone_mode=False, catch_exceptions=False)


def said(stream: Stream, command: str, *arguments: str) -> Any:
    return json.loads(run(stream, command, *arguments, "--json").stdout)


def test_a_brought_model_takes_the_way_of_every_challenger(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    good, bad = (theirs(stream, tmp_path / f"{right}.skops", right=right) for right in (True, False))
    with stream.scorer(), stream.service(run_trainer, 0) as failures:
        lost = run(stream, "register", "--file", str(bad), "--reason", "a try")
        assert lost.return_value == 1
        assert "is not below the champion's" in lost.stdout
        won = run(stream, "register", "--file", str(good), "--reason", "a better one")
        assert won.return_value == 0, won.output
        stream.await_worker(lambda worker: worker.champion == 2 and worker.error is None)
    assert failures == []
    made = manifest(stream, 2)
    assert made.estimator == "brought: LogisticRegression"
    assert made.trained_on["file"] == "True.skops"
    assert made.metrics["gate"]["champion"] == 1
    assert made.golden
    assert made.reference
    with pytest.raises(ScoreloopError, match="version 2 was brought"):
        run(stream, "reproduce", "2")


def test_a_brought_model_goes_on_trial_where_the_stream_says_so(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path, f'decisions.strategy = "canary"\n{QUICK}')
    good = theirs(stream, tmp_path / "good.skops", right=True)
    with stream.scorer(), stream.service(run_trainer, 0):
        assert run(stream, "register", "--file", str(good), "--reason", "x").return_value == 0
        stream.await_worker(lambda worker: worker.canary == 2 and worker.error is None)
    assert roles(stream).champion == 1


def test_garbage_is_what_nothing_names_and_nobody_wrote_lately(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    registry = Registry(stream.settings.registry.url)
    folder = Path(stream.settings.registry.url) / "artifacts"
    young, old, waiting = (registry.put(name) for name in (b"young", b"old", b"waiting"))
    (folder / ".temporary-1").write_bytes(b"half")
    registry.note(young, b"what a search that was killed had found")
    os.utime(folder.parent / "searches" / young, (1, 1))
    draft = {"draft": {"artifact_sha256": waiting}}
    record = {
        "decision_id": "d-9", "ts": 0, "action": "promote", "model_version": None, "target_version": None,
        "requested_by": "operator", "reason": "x", "alarm_id": None, "evidence": draft,
    }  # fmt: skip
    stream.send([json.dumps(record).encode()], topics.CONTROL)
    for path in folder.iterdir():
        if path.name != young:
            os.utime(path, (1, 1))
    removed = said(stream, "gc", "--yes")["removed"]
    assert sorted(removed) == sorted([f"artifacts/{old}", "artifacts/.temporary-1", f"searches/{young}"])
    assert {path.name for path in folder.iterdir()} == {
        young, waiting, manifest(stream, 1).artifact_sha256,
    }  # fmt: skip


def test_what_neither_serves_nor_may_again_is_deleted(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    for seed in (1, 2):
        stream.train(seed=seed)
    only = roles(stream).model_copy(update={"epoch": 3, "previous": ()})
    stream.put(b"roles/3", only.encoded())
    stream.put(b"roles", only.encoded())
    assert said(stream, "delete", "1", "--yes")["removed"] == [
        f"artifacts/{manifest(stream, 1).artifact_sha256}"
    ]
    assert said(stream, "show", "1")["registry"] == {"artifacts": "gone"}
    with pytest.raises(ScoreloopError, match="version 2 is champion"):
        run(stream, "delete", "2", "--yes")


def test_the_audit_finds_a_record_that_was_edited(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path)
    with stream.service(run_trainer, 0):
        alarmed(stream, "d-1")
        assert result(stream, "d-1").status == "done"

    def audit(*more: str) -> Any:
        asked = ["audit", str(stream.path), "--json", *more]
        done = CliRunner().invoke(scoreloop, asked, standalone_mode=False)
        return json.loads(done.stdout), done.exception

    kept = str(tmp_path / "head")
    told, trouble = audit("--keep", kept)
    assert trouble is None
    assert [(one["who"], one["why"]) for one in told["entries"] if one["key"] == "decision/d-1"] == [
        ("monitor", "a test")
    ]
    assert audit("--expect", told["head"], "--keep", kept)[1] is None
    edited = result(stream, "d-1").model_copy(update={"reason": "as agreed"})
    stream.put(b"decision/d-1", edited.encoded())
    _, trouble = audit("--expect", told["head"])
    assert "decision/d-1 was written again" in str(trouble), "the topic is not compacted yet"
    assert "no line has the hash" in str(audit("--expect", "0" * 63 + "1")[1])


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_serves_only_where_that_is_allowed_and_it_is_signed(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, "registry.allow_pickle = false\n" + QUICK)
    assert CliRunner().invoke(scoreloop, ["keys", "init", str(stream.path)]).exit_code == 0
    stream.settings = load(stream.path, {})
    stream.train()
    sign, sung, pickled = signing(stream.settings), tmp_path / "sung", tmp_path / "pickled.joblib"
    joblib.dump(Canary(sung), pickled)
    with pytest.raises(ScoreloopError, match="can run any code, so it was not opened"):
        run(stream, "register", "--file", str(pickled), "--reason", "x")
    sha256 = Registry(stream.settings.registry.url).put(pickled.read_bytes())
    made = manifest(stream, 1).model_copy(update={"format": "joblib", "artifact_sha256": sha256})

    def refused(version: int, forged: Manifest, sentence: str) -> None:
        who = roles(stream).model_copy(update={"epoch": version, "champion": version})
        with stream.scorer():
            stream.await_worker(lambda worker: worker.champion == 1 and worker.error is None)
            stream.put(f"version/{version}".encode(), forged.encoded())
            stream.put(b"roles", sign(who).encoded())
            assert stream.await_worker(lambda w: sentence in (w.error or "")).champion == 1
        stream.put(b"roles", sign(who.model_copy(update={"epoch": version + 1, "champion": 1})).encoded())

    refused(2, sign(made.model_copy(update={"version": 2})), "can run any code")
    stream.path.write_text(stream.path.read_text().replace("allow_pickle = false", "allow_pickle = true"))
    stream.settings = load(stream.path, {})
    refused(4, made.model_copy(update={"version": 4, "signature": None}), "models has no manifest")
    assert not sung.exists()
    good = skops.io.loads(theirs(stream, tmp_path / "good.skops", right=True).read_bytes())
    joblib.dump(good, tmp_path / "good.joblib")
    with stream.scorer(), stream.service(run_trainer, 0):
        asked = ["--file", str(tmp_path / "good.joblib"), "--reason", "x", "--champion"]
        assert run(stream, "register", *asked).return_value == 0
        stream.await_worker(lambda worker: worker.champion == 5 and worker.error is None)
    assert manifest(stream, 5).format == "joblib"
