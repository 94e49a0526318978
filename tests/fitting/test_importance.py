"""Permutation importance in a manifest: what it says, that it is made again, and what it costs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_models import MIXED, QUICK, REGRESSION, labels, rows
from samples import settings
from sklearn.inspection import permutation_importance

from consumers.trainer.registration import registered
from consumers.trainer.reproduction import reproduced
from events.records import Manifest
from events.settings import Settings
from models.importance import REPEATS, importance
from models.problem import Candidate, Problem, problem
from models.registry import Registry
from models.threads import one_thread
from models.training import train
from producers.examples import Examples

FAMILIES: Any = ["linear", "boosting", "hoeffding-tree"]


def given(stream: Settings, count: int = 600) -> Problem:
    known = rows(stream, count)
    return problem(stream, known, labels(stream, known))


@pytest.mark.parametrize("stream", [MIXED, REGRESSION], ids=["classes", "numbers"])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_label_follows_from_matters_and_nothing_else(family: Any, stream: Settings) -> None:
    task = given(stream)
    fitted = task.fitted(Candidate(family, QUICK[family]), slice(400))
    found = importance(task, fitted, slice(400, None))
    assert (found["metric"], found["repeats"]) == ("log_loss" if stream.classes else "mae", REPEATS)
    assert found["rows"] * REPEATS * len(stream.features) <= 10_000
    assert list(found["features"]) == list(stream.features), "an array is one of them"
    amount, *others = (one["mean"] for one in found["features"].values())
    assert amount > 5 * max(map(abs, others))
    assert found == importance(task, fitted, slice(400, None))


def test_an_array_s_numbers_are_shuffled_together() -> None:
    stream = settings(
        features={"x": "number", "h": {"type": "number", "shape": [3]}}, labels={"classes": [0, 1]}
    )
    known = rows(stream, 400)
    task = problem(stream, known, [int(history[0] > 0) for _, history in known])  # type: ignore[index]
    fitted = task.fitted(Candidate("tree", QUICK["tree"]), slice(300))
    found = importance(task, fitted, slice(300, None))["features"]
    assert found["h"]["mean"] > 1
    assert found["x"] == {"mean": 0.0, "spread": 0.0}


def test_it_is_what_scikit_learn_finds() -> None:
    task = given(REGRESSION)
    fitted = task.fitted(Candidate("boosting", QUICK["boosting"]), slice(400))
    ours = importance(task, fitted, slice(400, None))
    with one_thread():
        theirs = permutation_importance(
            fitted, task.frame.iloc[400:], task.targets[400:], scoring="neg_mean_absolute_error",
            n_repeats=30, random_state=1,
        )  # fmt: skip
    one, other = ours["features"]["amount"], theirs.importances_mean[0]
    assert ours["rows"] == 200
    assert one["mean"] == pytest.approx(other, abs=4 * theirs.importances_std[0])
    assert one["spread"] == pytest.approx(theirs.importances_std[0], rel=0.8)


def test_its_cost_has_a_bound() -> None:
    wide = settings(features={f"f{i}": "number" for i in range(150)}, labels={"classes": [0, 1]})
    known = np.random.default_rng(1).normal(size=(300, 150)).tolist()
    task = problem(wide, known, [int(row[0] > 0) for row in known])
    fitted = task.fitted(Candidate("tree", QUICK["tree"]), slice(100))
    assert importance(task, fitted, slice(100, None))["rows"] == 13
    online = task.fitted(Candidate("naive-bayes", {}), slice(100))
    assert importance(task, online, slice(100, None)) == {}
    wider = settings(features={f"f{i}": "number" for i in range(201)}, labels={"classes": [0, 1]})
    known = np.random.default_rng(1).normal(size=(60, 201)).tolist()
    task = problem(wider, known, [int(row[0] > 0) for row in known])
    assert importance(task, task.fitted(Candidate("tree", QUICK["tree"]), slice(30)), slice(30, None)) == {}


def version(stream: Settings) -> Manifest:
    """A version that was trained on a file's rows, as `train` registers it."""
    known = rows(stream, 300)
    examples = Examples(list(map(tuple, known)), labels(stream, known), list(range(300)))
    kept = Registry(stream.registry.url).put_rows(examples.columns(stream))
    trained = train(stream, examples.rows, examples.labels)
    return registered(stream, trained, {"rows_sha256": kept}).manifest(1, None, "d-1", 0)


def test_a_version_made_again_has_the_same_importances(tmp_path: Path) -> None:
    stream = settings(
        registry={"url": str(tmp_path)}, training={"families": ("linear",), "folds": 2, "seed": 3}
    )
    made = version(stream)
    again = reproduced(stream, made, None, lambda _: None)
    assert (again.same, again.importance) == (True, True)
    stated = made.metrics["importance"]["features"]
    stated["amount"]["mean"] += 1e-6
    again = reproduced(stream, made, None, lambda _: None)
    assert (again.same, again.different, again.importance) == (False, 0, False)
    del made.metrics["importance"]
    again = reproduced(stream, made, None, lambda _: None)
    assert (again.same, again.importance) == (True, None), "an older version has none"
