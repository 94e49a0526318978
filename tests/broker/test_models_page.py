"""A version from its rows to its card: what each command says, and every command of docs/models.md."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from deciding import EVENTS, START, alarmed, lived, manifest, outcome, result, theirs
from streams import ROOT, Stream

from console.main import scoreloop
from consumers.trainer.service import run_trainer
from events import topics
from events.errors import ScoreloopError
from events.settings import Kafka
from models.registry import Registry

ASKED = "e-7000"
"""The event that is explained."""
REFUSED = {"delete": "is previous: what serves, or may have to again, is not deleted"}
"""Commands of the page that are right to refuse here."""
SERVICES = {"mlflow"}
"""Those that run until Ctrl-C have tests of their own."""


def run(stream: Stream, *arguments: str) -> Result:
    asked = [str(stream.path) if one == "stream.toml" else one for one in arguments]
    return CliRunner().invoke(scoreloop, asked, standalone_mode=False)


def said(stream: Stream, *arguments: str) -> Any:
    done = run(stream, *arguments, "--json")
    assert done.exception is None, done.output
    return json.loads(done.stdout)


def page() -> list[list[str]]:
    """The commands of the page; those that change who is trusted come last."""
    text = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    lines = [shlex.split(line, comments=True)[1:] for block in blocks for line in block.splitlines()]
    return sorted(
        (words for words in lines if words[0] not in SERVICES), key=lambda words: words[0] == "keys"
    )


def files(stream: Stream, folder: Path) -> None:
    """What the page's commands read: a past that is over, and a model of somebody's that knows better."""
    lines = [json.loads(outcome(i % 200)) for i in range(2_000)]
    cells = [f"{one['features']['amount']},{one['features']['country']},{one['label']}" for one in lines]
    for name, many in (("history.csv", 2_000), ("unseen.csv", 100)):
        (folder / name).write_text("\n".join(["amount,country,label", *cells[:many]]) + "\n")
    theirs(stream, folder / "ours.skops", right=True)


def scored(stream: Stream) -> None:
    """One event, answered by version 2, and what it turned out to be."""
    stream.await_worker(lambda worker: worker.champion == 2 and worker.error is None)
    event = json.dumps(
        {"event_id": ASKED, "ts": START + EVENTS, "features": {"amount": 0.5, "country": "NO"}}
    )
    label = json.dumps({"event_id": ASKED, "ts": START + EVENTS + 5, "label": "fraud"})
    stream.send([event.encode()])
    stream.send([label.encode()], topics.LABELS)
    stream.await_records(topics.OUTCOMES, EVENTS + 1)


def copied_and_restored(stream: Stream, folder: Path) -> None:
    backup, registry = folder / "copy", Registry(stream.settings.registry.url)
    said(stream, "models", "export", "stream.toml", "2", "--output", str(backup))
    artefact = registry.get(manifest(stream, 2).artifact_sha256)
    assert (backup / "artifact.skops").read_bytes() == artefact
    place = Path(stream.settings.registry.url) / "artifacts" / manifest(stream, 2).artifact_sha256
    place.unlink()
    assert said(stream, "models", "show", "stream.toml", "2")["registry"] == {"artifacts": "gone"}
    assert said(stream, "models", "restore", "stream.toml", str(backup))["restored"] == [
        ["artifacts", place.name]
    ]
    assert registry.get(place.name) == artefact
    (folder / "empty").mkdir()
    trouble = run(stream, "models", "restore", "stream.toml", str(folder / "empty")).exception
    assert "is an artefact" in str(trouble)


def explained(stream: Stream) -> None:
    facts = said(stream, "explain", "stream.toml", ASKED)
    assert (facts["model_version"], facts["role"], facts["epoch"]) == (2, "champion", 2)
    assert facts["outcome"] == {
        "status": "matched", "label": "fraud", "label_ts": START + EVENTS + 5,
        "loss": float(facts["prediction"] != "fraud"),
    }  # fmt: skip
    why = facts["explained"]
    assert why["adds_up"]
    assert why["written"] == facts["probabilities"][facts["prediction"]]
    assert why["base"] + sum(why["contributions"].values()) == pytest.approx(why["written"], abs=1e-9)
    assert why["method"] == "all 4 coalitions of the features: exact"
    rows = manifest(stream, 2).metrics["gate"]["rows"]
    assert why["background"]["rows"] >= 50
    assert "rows that it learned from" in why["background"]["from"]
    assert abs(why["contributions"]["country"]) > 5 * abs(why["contributions"]["amount"])
    assert rows > 0
    lines = {one["key"]: one for one in facts["decisions"]}
    assert set(lines) == {"version/2", "decision/d-1", "roles/2"}
    assert (lines["decision/d-1"]["who"], lines["decision/d-1"]["why"]) == ("monitor", "a test")
    told = run(stream, "explain", "stream.toml", ASKED, "--rows", "1")
    assert told.exception is None
    assert "permutations of the features for each background row, seed 0" in told.stdout
    assert "in all: adds up to what was written (to 1e-09)" in told.stdout
    trouble = run(stream, "explain", "stream.toml", "e-none").exception
    assert "has no answer to 'e-none': it was not scored" in str(trouble)
    assert isinstance(trouble, ScoreloopError)


def test_a_version_from_its_rows_to_its_card(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stream = lived(kafka, tmp_path)
    files(stream, tmp_path)
    with stream.scorer(), stream.joiner(), stream.service(run_trainer, 0):
        alarmed(stream, "d-1")
        assert result(stream, "d-1").status == "done"
        listed = {one["version"]: one for one in said(stream, "models", "list", "stream.toml")["versions"]}
        assert {version: one["role"] for version, one in listed.items()} == {1: "shadow", 2: "champion"}
        assert said(stream, "models", "show", "stream.toml", "2")["registry"] == {"artifacts": "kept"}
        assert said(stream, "models", "diff", "stream.toml", "1", "2")["version"] == [1, 2]
        again = said(stream, "models", "reproduce", "stream.toml", "2")
        assert (again["same"], again["different"], again["environment"]) == (True, 0, {})
        assert again["importance"]
        assert "there is no version 9" in str(run(stream, "models", "show", "stream.toml", "9").exception)
        trouble = run(stream, "models", "delete", "stream.toml", "1", "--yes").exception
        assert "version 1 is shadow: what serves" in str(trouble)
        copied_and_restored(stream, tmp_path)
        scored(stream)
        explained(stream)
        for line in page():
            words = [ASKED if one == "payments-2042" else one for one in line]
            done = run(stream, *words)
            if (sentence := REFUSED.get(words[1])) is not None:
                assert sentence in str(done.exception)
                continue
            assert (done.exception, done.return_value or 0) == (None, 0), (words, done.output)
    card = (tmp_path / "v2.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {stream.settings.name}, version 2\n")
    assert "- topic: outcomes\n" in card
    assert "asked for by monitor: a test" in card
    assert card.count("## ") == 11, "every section, as nothing is unknown"
