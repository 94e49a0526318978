import math

import numpy as np
import pytest
from sklearn import metrics

from models import figures

SEED = 5


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_a_classifications_figures_are_scikit_learns(classes: int) -> None:
    rng = np.random.default_rng(SEED)
    truth, answer = rng.integers(0, classes, 200), rng.integers(0, classes, 200)
    chances = rng.dirichlet(np.ones(classes), 200)
    confusion = metrics.confusion_matrix(truth, answer, labels=range(classes)).tolist()
    log_loss = math.fsum(figures.log_loss(p) for p in chances[np.arange(200), truth])
    average = {"average": "macro"} if classes > 2 else {"pos_label": 0}
    assert figures.classification(confusion, log_loss, positive=0) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, answer),
            "precision": metrics.precision_score(truth, answer, **average),
            "recall": metrics.recall_score(truth, answer, **average),
            "f1": metrics.f1_score(truth, answer, **average),
            "log_loss": metrics.log_loss(truth, chances),
        },
        rel=1e-12,
    )


def test_two_classes_speak_of_the_positive_one() -> None:
    confusion = [[50, 10], [5, 35]]
    assert figures.classification(confusion, 0.0, positive=1)["precision"] == 35 / 45
    assert figures.classification(confusion, 0.0, positive=0)["precision"] == 50 / 55


def test_without_a_denominator_there_is_no_figure() -> None:
    nothing = figures.classification([[0, 0], [0, 0]], 0.0, positive=1)
    assert set(nothing.values()) == {None}
    unseen = figures.classification([[3, 0], [0, 0]], 1.5, positive=1)
    assert unseen == {"accuracy": 1.0, "precision": None, "recall": None, "f1": None, "log_loss": 0.5}


def test_a_macro_average_leaves_out_classes_without_the_figure() -> None:
    truth, answer = [0, 0, 1], [0, 1, 1]
    confusion = metrics.confusion_matrix(truth, answer, labels=range(3)).tolist()
    found = figures.classification(confusion, 0.0, positive=2)
    assert found["precision"] == metrics.precision_score(
        truth, answer, average="macro", labels=range(3), zero_division=math.nan
    )


@pytest.mark.parametrize(
    ("probability", "loss"), [(0.0, 34.538776), (1e-16, 34.538776), (0.5, 0.693147), (1.0, 0.0)]
)
def test_log_loss_is_clipped(probability: float, loss: float) -> None:
    assert figures.log_loss(probability) == pytest.approx(loss)
    assert math.copysign(1, figures.log_loss(probability)) == 1


def test_a_regressions_figures_are_scikit_learns() -> None:
    rng = np.random.default_rng(SEED)
    truth, answer = rng.normal(1e6, 1, 300), rng.normal(1e6, 1, 300)
    errors, centred = answer - truth, truth - 1e6
    found = figures.regression(
        300, (errors**2).sum(), np.abs(errors).sum(), centred.sum(), (centred**2).sum()
    )
    assert found == pytest.approx(
        {
            "mse": metrics.mean_squared_error(truth, answer),
            "mae": metrics.mean_absolute_error(truth, answer),
            "rmse": metrics.root_mean_squared_error(truth, answer),
            "r2": metrics.r2_score(truth, answer),
        },
        rel=1e-9,
    )


def test_a_constant_label_has_no_r2_and_no_rows_have_no_figures() -> None:
    assert figures.regression(3, 1.0, 1.0, 6, 12)["r2"] is None
    assert set(figures.regression(0, 0.0, 0.0, 0.0, 0.0).values()) == {None}
