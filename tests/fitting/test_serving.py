"""What a scorer loads, and what it does not."""

import logging
from pathlib import Path
from typing import Any

import pytest
from sample_models import fitted
from sample_rows import NUMBERS, rows

from consumers.environment import environment
from consumers.roles import ModelsView, RolesError
from consumers.serving import Serving, load
from events.records import Manifest, Roles
from events.settings import Settings
from events.signatures import Trust
from models import artifact, golden
from models.registry import Registry
from models.scoring import Version


def served(folder: Path, mode: str, **facts: Any) -> Serving:
    registry = Registry(str(folder))
    stream: Settings = NUMBERS.model_copy(
        update={"registry": NUMBERS.registry.model_copy(update={"url": str(folder), "environment": mode})}
    )
    pipeline = fitted("tree", stream)
    version = Version(1, pipeline, stream.features, stream.task, stream.classes)
    stated: dict[str, Any] = {
        "version": 1, "created_ts": 0, "artifact_sha256": registry.put(artifact.dumps(pipeline)),
        "format": "skops", "estimator": "e", "schema_sha256": stream.schema_sha256, "trained_on": {},
        "params": {}, "metrics": {}, "parent_version": None, "decision_id": "d", "environment": environment(),
        "golden": golden.golden(version, stream.features, rows(stream, 20)), **facts,
    }  # fmt: skip
    view = ModelsView(Trust(stream))
    view.take(b"version/1", Manifest(**stated).encoded())
    return load(Roles(epoch=1, ts=0, champion=1, decision_id="d"), view, registry, stream, None)


def test_a_version_made_here_is_loaded_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert served(tmp_path, "refuse").versions[1].number == 1
    assert caplog.text == ""


def test_a_version_made_elsewhere_is_warned_of_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = {**environment(), "numpy": "1.0"}
    assert served(tmp_path, "warn", environment=elsewhere).versions
    assert "version 1 was made elsewhere: numpy 1.0 → " in caplog.text
    with pytest.raises(RolesError, match="made elsewhere: numpy"):
        served(tmp_path, "refuse", environment=elsewhere)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"format": "joblib"}, "can run any code"),
        ({"format": "x" * 1000}, "cannot be read"),
        ({"schema_sha256": "0" * 64}, "another schema"),
        ({"artifact_sha256": "0" * 64}, "registry has no"),
        ({"golden": [{"features": {"x": 0, "y": 0, "z": 0}, "probabilities": {}}]}, "golden rows otherwise"),
    ],
)
def test_what_cannot_be_trusted_is_refused(tmp_path: Path, facts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        served(tmp_path, "warn", **facts)
