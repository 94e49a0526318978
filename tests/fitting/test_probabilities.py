import numpy as np
import pytest
from sklearn import metrics

from models.probabilities import probability_figures


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_areas_and_brier_are_scikit_learns(classes: int) -> None:
    rng = np.random.default_rng(1)
    truth, chances = rng.integers(0, classes, 300), rng.dirichlet(np.ones(classes), 300)
    found = probability_figures(chances, truth, 0)
    area = (
        metrics.roc_auc_score(truth == 0, chances[:, 0])
        if classes == 2
        else metrics.roc_auc_score(truth, chances, multi_class="ovr")
    )
    assert found["auc"] == pytest.approx(area)
    one_hot = np.eye(classes)[truth]
    assert found["brier"] == pytest.approx(classes * metrics.mean_squared_error(one_hot, chances))


def test_the_calibration_error_is_the_gap_between_confidence_and_being_right() -> None:
    sure = np.array([[0.95, 0.05]] * 8 + [[0.35, 0.65]] * 2)
    truth = np.array([0] * 6 + [1] * 2 + [1, 0])
    # Eight at 0.95, six of them right; two at 0.65, one right.
    expected = (8 * abs(0.95 - 6 / 8) + 2 * abs(0.65 - 1 / 2)) / 10
    assert probability_figures(sure, truth, 1)["calibration_error"] == pytest.approx(expected)


def test_certainty_has_a_bin_and_what_is_right_has_no_error() -> None:
    truth = np.array([0, 1, 2, 1])
    perfect = probability_figures(np.eye(3)[truth], truth, 0)
    assert perfect == {"auc": 1.0, "brier": 0.0, "calibration_error": 0.0}


def test_one_class_alone_has_no_area() -> None:
    one = np.zeros(4, dtype=np.int64)
    assert probability_figures(np.full((4, 2), 0.5), one, 1)["auc"] is None
    assert probability_figures(np.full((4, 3), 1 / 3), one, 0)["auc"] is None
