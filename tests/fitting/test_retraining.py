"""Retraining on made-up changes: what passes the gate, what does not, and on which rows that rests."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sample_rows import NUMBERS, labels, rows
from samples import settings

from events.schema import Label
from events.settings import Settings
from models import artifact
from models.averaging import member
from models.frame import Layout
from models.grids import Grids
from models.labelled import Labelled
from models.problem import Candidate, problem
from models.reference import reference
from models.retraining import Champion, retrain
from models.retraining_parts import NotBetterError, Parts, split
from models.steady import Steady
from models.training import Trained

GRIDS: Grids = {"linear": {}, "tree": {"max_depth": [4]}}
CHANGE = 1_000
TWO = settings(features={"x": "number"}, labels={"classes": [0, 1]})
REGRESSION = settings(task="regression", features={"x": "number"}, labels={})


def only(stream: Settings, *families: str, **training: Any) -> Settings:
    chosen = stream.training.model_copy(update={"families": families or ("linear",), "folds": 2, **training})
    return stream.model_copy(update={"training": chosen})


def history(stream: Settings, before: int, after: int) -> Labelled:
    """Events of which each is labelled the other way round from `CHANGE` on; one a millisecond."""
    given = rows(stream, before + after)
    truth = labels(stream, given)
    truth[before:] = [turned(stream, label) for label in truth[before:]]
    return Labelled(given, truth, list(range(CHANGE - before, CHANGE + after)))


def turned(stream: Settings, label: Any) -> Label:
    return stream.classes[-1 - stream.classes.index(label)] if stream.classes else -label


def champion(stream: Settings, known: Labelled, count: int) -> Any:
    """What learned from the first `count` events."""
    return problem(stream, known.rows[:count], known.labels[:count]).fitted(
        Candidate("linear", {}), slice(None)
    )


def retrained(
    stream: Settings, known: Labelled, learned: int, change: int | None = CHANGE, told: Sequence[str] = ()
) -> Trained:
    tell = told.append if isinstance(told, list) else lambda _: None
    return retrain(stream, known, change, Champion(3, champion(stream, known, learned)), tell, grids=GRIDS)


@pytest.mark.parametrize("stream", [only(NUMBERS), only(TWO), only(REGRESSION)])
def test_after_a_change_the_challenger_passes_and_learns_from_the_rows_since(stream: Settings) -> None:
    known = history(stream, 300, 240)
    found = retrained(stream, known, 300)
    gate = found.metrics["gate"]
    assert (gate["champion"], gate["rows"], found.metrics["rows"]) == (3, 60, 60)
    assert found.metrics["error"] < gate["champion_error"]
    assert gate["window"] == "those since the change"
    assert [window["rows"] for window in gate["windows"]] == [180, 480]
    assert json.loads(json.dumps([found.params, found.metrics])) == [found.params, found.metrics]
    given = problem(stream, known.rows, known.labels)
    since = given.fitted(Candidate("linear", {}), slice(300, None))
    np.testing.assert_array_equal(
        given.answers(found.pipeline, slice(None)), given.answers(since, slice(None)), "the gate part, too"
    )
    judged = given.fitted(Candidate("linear", {}), slice(300, 480))
    losses = given.losses(given.answers(judged, slice(480, None)), slice(480, None))
    assert found.metrics["loss_sum"] == losses[0], "measured before it saw the gate part"
    assert found.reference == reference(stream, known.rows[300:]).stated()


def test_a_regression_says_what_bounds_its_losses() -> None:
    stream = only(REGRESSION)
    known = history(stream, 300, 400)
    metrics = retrained(stream, known, 300).metrics
    given = problem(stream, known.rows, known.labels)
    answers = given.answers(given.fitted(Candidate("linear", {}), slice(300, 600)), slice(600, None))
    squared = np.sort((answers[:, 0] - given.targets[600:]) ** 2)
    assert metrics["bound"] == squared[98]
    assert metrics["clipped_sum"] == pytest.approx(squared[:98].sum() + 2 * squared[98])


@pytest.mark.parametrize("change", [None, CHANGE])
def test_without_a_change_a_champion_that_is_as_good_stays(change: int | None) -> None:
    stream = only(NUMBERS)
    given = rows(NUMBERS, 400)
    known = Labelled(given, labels(NUMBERS, given), list(range(800, 1200)))
    with pytest.raises(
        NotBetterError, match=r"error of 0\.\d+ is not below the champion's 0\.\d+ on the newest"
    ):
        retrained(stream, known, 400, change)


def test_an_equal_error_does_not_pass() -> None:
    stream = only(NUMBERS, "tree")
    given: list[Any] = [(float(i % 2), 0.0, i % 2) for i in range(400)]
    known = Labelled(given, [("down", "up")[i % 2] for i in range(400)], list(range(400)))
    with pytest.raises(NotBetterError, match="error of 0 is not below the champion's 0 on the newest 100"):
        retrain(stream, known, None, Champion(3, champion(NUMBERS, known, 100)), lambda _: None, grids=GRIDS)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            CHANGE,
            "too few labelled events: 100 since the change, needs 200 for a gate of 50; version 3 stays",
        ),
        (None, "too few labelled events: 120, needs 200"),
        (9_999, "too few labelled events: 0 since the change"),
    ],
)
def test_too_few_labelled_events_are_not_judged(change: int | None, sentence: str) -> None:
    with pytest.raises(NotBetterError, match=sentence):
        retrained(only(NUMBERS), history(NUMBERS, 20, 100), 20, change)


def test_rows_of_one_class_teach_nothing() -> None:
    known = Labelled(rows(NUMBERS, 300), ["up"] * 300, list(range(300)))
    pipeline = champion(NUMBERS, history(NUMBERS, 100, 0), 100)
    with pytest.raises(NotBetterError, match=r"all 300 rows have the label 'up'.*; version 3 stays champion"):
        retrain(only(NUMBERS), known, None, Champion(3, pipeline), lambda _: None, grids=GRIDS)


def test_a_family_that_fails_ends_with_its_reason() -> None:
    stream = only(NUMBERS, "tree")
    known = history(NUMBERS, 300, 240)
    known.rows[:] = [(1e300, *row[1:]) for row in known.rows]
    beaten = Champion(3, champion(NUMBERS, history(NUMBERS, 300, 0), 300))
    with pytest.raises(NotBetterError, match=r"no model could be trained: tree.*float32"):
        retrain(
            stream,
            known,
            CHANGE,
            beaten,
            print,
            grids=GRIDS,
        )


def test_a_champion_that_cannot_answer_the_rows_gives_way() -> None:
    stream = only(REGRESSION)
    known = history(stream, 300, 240)

    class Broken:
        def predict(self, frame: Any) -> Any:
            return np.full(len(frame), np.nan)

    broken: Any = Broken()
    found = retrain(stream, known, CHANGE, Champion(3, broken), lambda _: None, grids=GRIDS)
    assert found.metrics["gate"]["champion_error"] is None


def test_the_parts_of_the_rows() -> None:
    assert split(range(10_000), 6_000, 0.25) == Parts(6_000, 9_000)
    assert Parts(6_000, 9_000).windows == {
        6_000: "those since the change", 8_500: "the newest 500", 7_000: "the newest 2,000",
        4_000: "the newest 5,000", 0: "all",
    }  # fmt: skip
    assert Parts(6_000, 9_000).search == 6_000
    assert Parts(8_850, 9_000).search == 7_000, "too few since the change to search on"
    assert Parts(None, 9_000).search == 7_000
    assert Parts(None, 1_500).windows == {1_000: "the newest 500", 0: "the newest 2,000"}
    assert Parts(7_000, 9_000).windows[7_000] == "those since the change"


def test_the_search_rests_on_the_rows_since_the_change() -> None:
    told: list[str] = []
    stream = only(NUMBERS, "linear", "tree")
    found = retrained(stream, history(NUMBERS, 300, 320), 300, told=told)
    errors = [line["error"] for line in found.params["candidates"]]
    assert min(errors) < 0.3, "rows of before would have taught the opposite"
    assert told[-1] == "passed with those since the change; training on 320 rows"


def test_a_gate_holds_nothing_that_the_champion_learned_from() -> None:
    assert split(range(1_000), 0, 0.25, learned_until=899) == Parts(0, 900)
    assert split(range(1_000), None, 0.25, learned_until=599) == Parts(600, 900, "the champion learned")
    with pytest.raises(NotBetterError, match="1000 since the change, of which the champion has seen 960"):
        split(range(1_000), 0, 0.25, learned_until=959)


def test_a_challenger_that_no_alarm_asked_for_is_better_by_evidence() -> None:
    stream, known = only(NUMBERS, "linear", "tree", holdout=0.5), history(NUMBERS, 300, 120)
    beaten = Champion(3, champion(stream, history(NUMBERS, 300, 0), 300), learned_until=CHANGE - 1)

    def found(alpha: float) -> Trained:
        return retrain(stream, known, None, beaten, lambda _: None, alpha=alpha, grids=GRIDS)

    assert found(0.05).metrics["gate"]["rows"] == 60
    with pytest.raises(NotBetterError, match=r"beyond doubt: of the newest 60 .* better on \d+, worse"):
        found(1e-30)


@pytest.mark.parametrize(
    ("stream", "count"),
    [(only(NUMBERS), 3_200), (only(NUMBERS, "boosting"), 3_200), (only(REGRESSION, "tree"), 4_000)],
)
def test_windows_within_noise_are_averaged_in_a_version_like_any_other(stream: Settings, count: int) -> None:
    known = Labelled(
        given := rows(stream, count),
        noisy(labels(stream, given)), list(range(count)),
    )  # fmt: skip
    problem_ = problem(stream, known.rows, known.labels)
    turned_over = Labelled(known.rows, [turned(stream, one) for one in known.labels], known.ts)
    lost = Champion(1, champion(stream, turned_over, 500))
    grids: Grids = {**GRIDS, "boosting": {"max_iter": [5]}}
    found = retrain(stream, known, None, lost, lambda _: None, grids=grids)
    members = found.pipeline[-1].estimators_
    assert found.metrics["gate"]["window"].count(" and ") == len(members) - 1 > 0
    assert member(found.pipeline) is member(members[0]) is members[0]
    mean = np.mean([problem_.answers(one, slice(None)) for one in members], axis=0)
    np.testing.assert_array_equal(problem_.answers(found.pipeline, slice(None)), mean)
    loaded = artifact.loads(artifact.dumps(found.pipeline))
    np.testing.assert_array_equal(problem_.answers(loaded, slice(None)), mean)
    steady = Steady(loaded, Layout(stream.features), len(stream.classes))
    together = steady.outputs(known.rows[:300])
    np.testing.assert_array_equal(
        together, np.concatenate([steady.outputs([row]) for row in known.rows[:300]])
    )


def noisy(truth: Sequence[Label]) -> list[Label]:
    """One label in ten is another's."""
    return [truth[i - 1] if i % 10 == 0 else label for i, label in enumerate(truth)]
