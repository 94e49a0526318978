"""Why a version answered as it did: every method against the definition, for every family."""

from pathlib import Path
from typing import Any

import pytest
from sample_models import MIXED, NUMBERS, PAIRS, fitted, rows
from samples import settings
from trainings import draft

from console.background import background
from console.explained import facts, told
from events.errors import ScoreloopError
from events.records import Outcome, Prediction
from events.settings import Settings
from models import tree_shap
from models.explaining import Explanation, explanation
from models.frame import Layout
from models.registry import Registry
from models.steady import Steady

EXACT = 2**20
"""Rows enough for all coalitions here."""
NAMES = {"x": "number", "y": {"type": "number", "nullable": True}, "z": "integer"}
TWO = settings(features=NAMES, labels={"classes": [0, 1]})
NUMBER = settings(features=NAMES, task="regression", labels={})
TREES: Any = ["tree", "forest", "boosting"]


def explained(family: Any, stream: Settings, most: int, at: int = 0, known: int = 20) -> Explanation:
    """Of event `at`, for the class that it was answered with."""
    pipeline, event = fitted(family, stream), rows(stream, at + 1, seed=9)[at]
    answers = Steady(pipeline, Layout(stream.features), len(stream.classes)).outputs([event])[0]
    answer = stream.classes[answers.argmax()] if stream.classes else float(answers[0])
    background = rows(stream, known, seed=8)
    found = explanation(stream, pipeline, event, answer, background, most, 1, lambda _: None)
    assert found.answer == answers.max() if stream.classes else answers[0]
    assert found.shares.add_up_to(found.answer)
    assert list(found.contributions) == list(stream.features)
    return found


@pytest.mark.parametrize(("family", "stream"), PAIRS)
def test_every_family_s_answers_are_explained(family: Any, stream: Settings) -> None:
    exact = explained(family, stream, EXACT)
    assert exact.shares.method == f"all {2 ** len(stream.features)} coalitions of the features: exact"
    assert exact.errors is None
    assert exact.shares.background == 20


def test_permutations_are_near_what_is_exact() -> None:
    exact, near = (explained("mlp", MIXED, most) for most in (EXACT, 1_200))
    assert near.shares.method.endswith("permutations of the features for each background row, seed 1")
    assert near.shares.base == pytest.approx(exact.shares.base)
    assert near.errors is not None
    for name, value in near.contributions.items():
        assert value == pytest.approx(exact.contributions[name], abs=5 * near.errors[name] + 1e-12)
    assert max(near.errors.values()) > 0


@pytest.mark.parametrize("family", TREES)
@pytest.mark.parametrize("stream", [TWO, NUMBERS, NUMBER], ids=["two", "three", "number"])
def test_shap_s_values_are_those_of_all_coalitions(family: Any, stream: Settings) -> None:
    for at in range(6):
        exact, fast = (explained(family, stream, most, at) for most in (EXACT, 1))
        if family == "boosting" and stream.classes:
            assert "permutations" in fast.shares.method, "shap knows log-odds, and not probabilities"
            continue
        assert fast.shares.method == "shap's TreeExplainer: exact"
        assert fast.errors is None
        assert fast.shares.base == pytest.approx(exact.shares.base, abs=1e-6)
        assert fast.contributions == pytest.approx(exact.contributions, abs=1e-6), "in single precision"


def test_without_shap_or_where_it_does_not_fit_permutations_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "permutations" in explained("tree", MIXED, 1).shares.method, "a category is several columns"
    monkeypatch.setattr(tree_shap, "find_spec", lambda _: None)
    assert "permutations" in explained("tree", TWO, 1).shares.method


def test_values_of_shap_that_do_not_add_up_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = tree_shap.tree_shares

    def misread(*asked: Any) -> Any:
        found = shares(*asked)
        assert found is not None
        found.values[0] += 1e-5
        return found

    monkeypatch.setattr("models.explaining.tree_shares", misread)
    assert "permutations" in explained("forest", TWO, 1).shares.method


def test_an_answer_that_is_no_class_is_a_sentence() -> None:
    with pytest.raises(ScoreloopError, match="'7' is none of the stream's classes"):
        explanation(TWO, fitted("tree", TWO), rows(TWO, 1)[0], "7", rows(TWO, 2), 99, 0, lambda _: None)


def test_an_answer_that_was_written_otherwise_is_told_of() -> None:
    found = explained("forest", TWO, EXACT)
    features = dict(zip(TWO.features, rows(TWO, 1, seed=9)[0], strict=True))
    answered: dict[str, Any] = {
        "event_id": "e", "prediction_id": "0-0", "ts": 0, "scored_ts": 0, "model_version": 3,
        "role": "canary", "prediction": int(found.of[-1]), "features": features,
    }  # fmt: skip

    def lines(off: float, **ended: Any) -> tuple[bool, str]:
        answered["probabilities"] = {found.of[-1]: found.answer - off}
        outcome = Outcome.model_validate({**answered, **ended}) if ended else None
        told_of = facts(Prediction.model_validate(answered), None, outcome, found, "golden rows", [])
        return told_of["explained"]["adds_up"], "\n".join(told(told_of))

    right, text = lines(0.0)
    assert right
    assert "v3, canary, answered" in text
    assert "no label yet" in text
    _, text = lines(0.0, status="expired", label=None, label_ts=None, loss=None)
    assert "expired: no label came in time" in text
    wrong, text = lines(1e-6)
    assert not wrong
    assert "misses what was written by 1e-06" in text


def test_a_brought_version_is_explained_against_its_golden_rows(tmp_path: Path) -> None:
    brought = draft(trained_on={"file": "ours.onnx"}, golden=[{"features": {"x": 1.5, "y": None, "z": 2}}])
    registry = Registry(str(tmp_path))
    found = background(TWO, brought.manifest(3, None, "d-1", 0), registry)
    assert found.rows == [(1.5, None, 2)]
    assert found.origin.startswith(
        "its 1 golden rows (version 3 was brought (ours.onnx), and what it learned"
    )
    other = brought.model_copy(update={"golden": [{"features": {"a": 1}}]}).manifest(3, None, "d-1", 0)
    with pytest.raises(ScoreloopError, match="nothing to hold the event against: version 3 was brought"):
        background(TWO, other, registry)


def test_the_background_is_spread_over_the_rows_that_were_learned_from(tmp_path: Path) -> None:
    registry, many = Registry(str(tmp_path)), 250
    columns = {
        "x": [float(i) for i in range(many)],
        "y": [None] * many,
        "z": [1] * many,
        "#label": ["0"] * many,
    }
    trained = draft(trained_on={"rows_sha256": registry.put_rows(columns)}).manifest(3, None, "d-1", 0)
    found = background(TWO, trained, registry)
    assert [row[0] for row in found.rows] == [float(i) for i in range(0, many, 3)]
    assert found.origin == "84 of the 250 rows that it learned from"
