"""A pipeline's figures on rows that it had not seen, as a manifest's `metrics` keeps them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import Pipeline

from models import figures
from models.confidence import confidence, scores
from models.importance import importance
from models.probabilities import probability_figures
from models.problem import Problem, Rows

BOUND_RANK = 0.99
"""A regression's losses are cut at this quantile of those on the holdout, so that they have a bound."""


def measured(
    given: Problem, fitted: Pipeline, answers: NDArray[np.float64], rows: Rows, positive: int
) -> dict[str, Any]:
    """The figures of the `answers` of `fitted` for `rows`.

    `rows` (their number), `loss_sum` (the errors, or the sum of squares), `error` (the mean loss) and the
    contract's `values`, for a classification with those of `models.probabilities`, and `confidence`
    (`models.confidence`); and `importance` (`models.importance`). For a regression also `bound`, the
    nearest-rank 99th percentile of the squared errors, and `clipped_sum`, the sum of the squared errors each
    cut at it. All of it is JSON.

    Raises:
        FloatingPointError: an error's square is too large for a number.
    """
    loss, tie = given.losses(answers, rows)
    targets = given.targets[rows]
    found = {
        "rows": len(targets),
        "loss_sum": loss,
        "error": loss / len(targets),
        "importance": importance(given, fitted, rows),
    }
    if given.classes:
        answered = answers.argmax(axis=1)
        confusion = confusion_matrix(targets, answered, labels=range(given.classes))
        values = figures.classification(confusion.tolist(), tie, positive)
        known = confidence(scores(answers, positive), answered == targets)
        return {
            **found,
            "values": {**values, **probability_figures(answers, targets, positive)},
            "confidence": known.stated(),
        }
    squared = np.sort(np.square(answers[:, 0] - targets))
    bound = float(squared[math.ceil(BOUND_RANK * len(squared)) - 1])
    clipped = float(np.minimum(squared, bound).sum())
    return {**found, "bound": bound, "clipped_sum": clipped, "values": _regression(targets, loss, tie)}


def _regression(targets: NDArray[np.float64], squared: float, absolute: float) -> figures.Figures:
    centred = targets - targets[0]
    return figures.regression(
        len(targets), squared, absolute, float(centred.sum()), float(np.square(centred).sum())
    )
