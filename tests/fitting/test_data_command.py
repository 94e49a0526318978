"""`scoreloop data`, what it writes, and a retrain that meets a limit."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sample_models import QUICK
from sample_rows import REGRESSION, labels, rows
from samples import settings
from trainings import NOW, decision, draft

from console.data import data
from consumers.trainer.course import Request
from consumers.trainer.draft import Draft
from consumers.trainer.ending import Unfit
from consumers.trainer.examples import Examples
from consumers.trainer.retrain import learned
from models import artifact
from models.dataset import Dataset
from models.dataset_relations import importance
from models.labelled import Labelled
from models.problem import Candidate, problem
from models.registry import Registry

TOML = """
name = "pay"
task = "classification"
[features]
x = "number"
noise = "number"
land = { type = "category", nullable = true }
[labels]
classes = [0, 1]
[data]
most_missing = 0.9
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a stream and its past."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stream.toml").write_text(TOML)
    chance = random.Random(1)
    lines = ["x,noise,land,label"]
    for _ in range(600):
        x = chance.gauss(0, 1)
        lines.append(
            f"{x},{chance.gauss(0, 1)},{chance.choice(['NO', 'SE', ''])},{int(x + chance.gauss(0, 1) > 0)}"
        )
    (tmp_path / "past.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(data, ["stream.toml", *arguments], standalone_mode=False)


def test_sound_rows_have_no_flaw_and_a_page(folder: Path) -> None:
    result = run("--csv", "past.csv", "--output", "report")
    assert (result.return_value, result.exception) == (0, None)
    assert "nothing is wrong" in result.stdout
    told = json.loads((folder / "report/data.json").read_text())
    assert (told["source"], told["rows"], told["flaws"]) == ("past.csv", 600, [])
    assert max(told["importance"], key=told["importance"].get) == "x"
    assert told["importance"]["x"] > 10 * abs(told["importance"]["noise"])
    page = (folder / "report/data.html").read_text()
    assert "600 rows of past.csv" in page
    assert (folder / "report/data.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_wrong_is_told_with_what_to_do_and_a_limit_is_exit_1(folder: Path) -> None:
    past = folder / "past.csv"
    past.write_text(
        past.read_text().replace("NO", "").replace("SE", "").replace("x,noise", "noise,x") + "1,b,,1\n"
    )
    result = run("--csv", "past.csv", "--json")
    told = json.loads(result.stdout)
    assert (result.return_value, result.exception) == (1, None)
    assert [(one["severity"], one["limit"]) for one in told["flaws"]] == [
        ("stops", "most_missing = 0.9"), ("stops", "most_broken = 0"),
    ]  # fmt: skip
    said = " ".join(run("--csv", "past.csv").stdout.split())
    assert "[data] most_missing = 0.9 is" in said
    assert "[features]" in said, "no word is taken for a colour"


def test_importance_holds_for_a_regression_and_says_nothing_of_what_teaches_nothing() -> None:
    given = rows(REGRESSION, 400)
    found = importance(Dataset(REGRESSION, given, labels(REGRESSION, given)), 0)
    assert max(found, key=lambda name: found[name]) == "amount"
    assert importance(Dataset(REGRESSION, given, [1.0] * 400), 0) == {}
    assert importance(Dataset(REGRESSION, given[:1], [1.0]), 0) == {}


def test_a_retrain_that_breaks_a_limit_is_rejected_and_one_that_does_not_keeps_what_was_found(
    tmp_path: Path,
) -> None:
    stream = settings(
        features={"x": "number"}, labels={"classes": [0, 1]}, registry={"url": str(tmp_path)},
        training={"families": ("linear",), "folds": 2},
        data={"most_contradictions": 0.1, "repeats": "leave-out"},
    )  # fmt: skip
    known = [(float(7 * i % 300),) for i in range(600)]
    truth = [int(x > 150) for (x,) in known]
    wrong = problem(stream, known, [1 - one for one in truth]).fitted(
        Candidate("linear", QUICK["linear"]), slice(None)
    )
    stored = Registry(stream.registry.url).put(artifact.dumps(wrong))
    request = Request(
        decision("retrain", "d-1"), draft(artifact_sha256=stored).manifest(3, None, "t", NOW), 1
    )

    def end(truth: list[int]) -> Draft | Unfit:
        found = Examples(Labelled(list(known), list(truth), list(range(600))), {"rows": 600})
        return learned(stream, request, found, lambda _: None)

    made = end(truth)
    assert isinstance(made, Draft)
    assert (made.metrics["data"]["rows"], made.metrics["data"]["repeats"]) == (600, 0.5)
    assert (made.metrics["gate"]["rows"], made.trained_on["rows"]) == (75, 600), (
        "repeats are not learned from"
    )
    refused = end([truth[i] if i < 300 else 1 - truth[i] for i in range(600)])
    assert isinstance(refused, Unfit)
    assert refused.rejected
    assert refused.reason.startswith("[data] most_contradictions = 0.1 is broken: 100 % of the rows have ")
    assert refused.reason.endswith("; version 3 stays champion")
