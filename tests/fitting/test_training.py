import json
from typing import Any

import numpy as np
import pytest
from sample_models import PAIRS, QUICK
from sample_rows import MIXED, NUMBERS, REGRESSION, labels, rows
from samples import settings
from sklearn import metrics

from events.errors import ScoreloopError
from events.settings import Settings
from models import artifact, search
from models.frame import frame
from models.grids import Grids
from models.pipelines import outputs
from models.probabilities import probability_figures
from models.problem import Problem
from models.reference import reference
from models.training import Trained, train

GRIDS: Grids = {family: {name: [value] for name, value in params.items()} for family, params in QUICK.items()}


def only(stream: Settings, **training: Any) -> Settings:
    return stream.model_copy(update={"training": stream.training.model_copy(update=training)})


def trained(stream: Settings, count: int = 120, grids: Grids = GRIDS, **training: Any) -> Trained:
    given = rows(stream, count)
    return train(only(stream, **training), given, labels(stream, given), grids=grids)


@pytest.mark.parametrize("stream", [NUMBERS, MIXED, REGRESSION])
def test_every_family_is_judged_and_the_best_learns_from_all_rows(stream: Settings) -> None:
    told: list[str] = []
    given = rows(stream, 120)
    families = [family for family, suited in PAIRS if suited is stream]
    every = only(stream, folds=2, families=families)
    found = train(every, given, labels(stream, given), told.append, grids=GRIDS)
    assert len(told) == len(families) + 2
    table = found.params["candidates"]
    assert [line["family"] for line in table] == families
    assert all(line["failed"] is None for line in table)
    tie = "log_loss" if stream.classes else "mae"
    assert found.params["family"] == min(table, key=lambda line: (line["error"], line[tie]))["family"]
    assert found.estimator.startswith(f"{found.params['family']}: ")
    assert json.loads(json.dumps([found.params, found.metrics])) == [found.params, found.metrics]
    assert found.reference == json.loads(json.dumps(found.reference)) == reference(stream, given).stated()
    answers = outputs(
        artifact.loads(artifact.dumps(found.pipeline)), frame(stream.features, given), len(stream.classes)
    )
    np.testing.assert_array_equal(
        answers, outputs(found.pipeline, frame(stream.features, given), len(stream.classes))
    )


def test_the_metrics_are_those_of_a_pipeline_that_knew_only_the_rows_before() -> None:
    given = rows(MIXED, 200)
    truth = labels(MIXED, given)
    found = train(only(MIXED, families=("linear",), folds=2, holdout=0.3), given, truth, grids=GRIDS)
    before = train(only(MIXED, families=("linear",), folds=2), given[:140], truth[:140], grids=GRIDS)
    answers = outputs(before.pipeline, frame(MIXED.features, given[140:]), 2)
    late = [MIXED.classes.index(label) for label in truth[140:]]
    said = answers.argmax(axis=1)
    assert found.metrics["rows"] == 60
    assert found.metrics["loss_sum"] == int((said != late).sum())
    assert found.metrics["error"] == found.metrics["loss_sum"] / 60
    assert found.metrics["values"] == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(late, said),
            "precision": metrics.precision_score(late, said, pos_label=0),
            "recall": metrics.recall_score(late, said, pos_label=0),
            "f1": metrics.f1_score(late, said, pos_label=0),
            "log_loss": metrics.log_loss(late, answers),
            **probability_figures(answers, np.array(late), MIXED.positive_index),
        }
    )


def test_a_regression_is_measured_by_its_squared_error() -> None:
    given = rows(REGRESSION, 120)
    truth = labels(REGRESSION, given)
    found = train(only(REGRESSION, families=("linear",), folds=2), given, truth, grids=GRIDS)
    before = train(only(REGRESSION, families=("linear",), folds=2), given[:90], truth[:90], grids=GRIDS)
    said = outputs(before.pipeline, frame(REGRESSION.features, given[90:]), 0)[:, 0]
    assert found.metrics["error"] == pytest.approx(metrics.mean_squared_error(truth[90:], said))
    assert found.metrics["values"]["r2"] == pytest.approx(metrics.r2_score(truth[90:], said))


def judging(count: int) -> Problem:
    """Three classes in turn."""
    return Problem(
        NUMBERS.features, frame(NUMBERS.features, rows(NUMBERS, count)), np.arange(count) % 3, 3, 0
    )


def test_no_candidate_is_judged_on_rows_that_come_before_those_it_learned_from() -> None:
    folds = search.splits(judging(50), 40, 3)
    assert [(learn.max() + 1, judge.min(), judge.max()) for learn, judge in folds] == [
        (10, 10, 19), (20, 20, 29), (30, 30, 39),
    ]  # fmt: skip


def test_the_same_rows_and_seed_give_the_same_version() -> None:
    first, second = (trained(MIXED, families=("forest",), folds=2, seed=4) for _ in range(2))
    other = trained(MIXED, families=("forest",), folds=2, seed=5)
    seen = frame(MIXED.features, rows(MIXED, 50, seed=8))
    assert (first.params, first.metrics) == (second.params, second.metrics)
    np.testing.assert_array_equal(outputs(first.pipeline, seen, 2), outputs(second.pipeline, seen, 2))
    assert (outputs(first.pipeline, seen, 2) != outputs(other.pipeline, seen, 2)).any()


def test_a_budget_in_trials_gives_each_family_its_first_before_any_its_second() -> None:
    grids: Grids = {"tree": {"max_depth": [2, 3, 4]}, "linear": {"C": [0.1, 1.0]}}
    found = [
        trained(NUMBERS, grids=grids, families=("tree", "linear"), folds=2, trials=trials)
        for trials in (1, 3, 5)
    ]
    tried = [[(row["family"], *row["params"].values()) for row in one.params["candidates"]] for one in found]
    assert tried[0] == [("tree", 2)]
    assert tried[1] == [("tree", 2), ("tree", 3), ("linear", 0.1)]
    assert len(tried[2]) == 5


def test_a_search_ends_when_its_time_is_spent_and_takes_the_best_so_far() -> None:
    given = rows(NUMBERS, 120)
    turns = iter([False, True, True])
    found = train(
        only(NUMBERS, folds=2),
        given,
        labels(NUMBERS, given),
        grids=GRIDS,
        means=search.Means(spent=lambda: next(turns)),
    )
    assert [row["family"] for row in found.params["candidates"]] == ["linear", "tree"]


def test_equal_losses_are_decided_by_the_tie_breaker_then_by_order() -> None:
    linear, tree = search.Candidate("linear", {}), search.Candidate("tree", {})
    judged = search.Judged
    assert search.best([judged(linear, 0.1, 0.5), judged(tree, 0.1, 0.4)]) is tree
    assert search.best([judged(linear, 0.1, 0.5), judged(tree, 0.1, 0.5)]) is linear
    assert search.best([judged(linear, 0.2, 0.1), judged(tree, 0.1, 0.5)]) is tree
    assert search.best([judged(linear, failed="no"), judged(tree, 9.0, 9.0)]) is tree


def test_classes_are_told_apart_by_their_json_type() -> None:
    stream = settings(features={"x": "number"}, labels={"classes": [True, 1.0, "1"]})
    truth = [stream.classes[i % 3] for i in range(60)]
    found = train(only(stream, families=("tree",)), [(float(i % 3),) for i in range(60)], truth, grids=GRIDS)
    answers = outputs(found.pipeline, frame(stream.features, [(0.0,), (1.0,), (2.0,)]), 3)
    assert answers.argmax(axis=1).tolist() == [0, 1, 2]
    with pytest.raises(ScoreloopError, match="row 3: the label 1 is none of the classes"):
        train(stream, [(0.0,)] * 4, [True, 1.0, "1", 1])


def test_a_family_that_cannot_take_the_numbers_is_left_out_with_its_reason() -> None:
    given = [(1e300 if i == 3 else i % 7 / 7, None, i) for i in range(80)]
    found = train(NUMBERS, given, ["up" if i % 7 > 3 else "down" for i in range(80)], grids=GRIDS)
    failed = {line["family"]: line["failed"] for line in found.params["candidates"]}
    assert "too large for dtype('float32')" in failed["tree"]
    assert failed["boosting"] is None
    with pytest.raises(ScoreloopError, match="no model could be trained: tree"):
        train(only(NUMBERS, families=("tree",)), given, ["up", "down"] * 40, grids=GRIDS)


def test_losses_without_end_are_a_failure_and_not_a_figure() -> None:
    given = rows(REGRESSION, 60)
    with pytest.raises(ScoreloopError, match="no model could be trained: linear"):
        train(
            only(REGRESSION, families=("linear",), folds=2),
            given,
            [1e200 * float(i) for i in range(60)],
            grids=GRIDS,
        )


@pytest.mark.parametrize(
    ("stream", "truth", "sentence"),
    [
        (NUMBERS, [], "no rows to train on"),
        (NUMBERS, ["up"] * 9, "all 9 rows have the label 'up'"),
        (NUMBERS, ["up", "down"] * 2, "only 3 rows come before the holdout.*folds = 3 needs 4"),
        (NUMBERS, ["up"] * 15 + ["down"] * 5, "the oldest rows all have one label"),
        (NUMBERS, ["up", None], "row 1: the label None is none of the classes"),
        (REGRESSION, [1.0, True], "row 1: the label True is no finite number"),
        (REGRESSION, [1.0, "2"], "row 1: the label '2' is no finite number"),
        (REGRESSION, [float("nan")], "row 0: the label nan is no finite number"),
    ],
)
def test_rows_that_teach_nothing_are_refused_with_a_sentence(
    stream: Settings, truth: Any, sentence: str
) -> None:
    with pytest.raises(ScoreloopError, match=sentence):
        train(stream, rows(stream, len(truth)), truth)
