"""Figures of probabilities: how well they rank the classes, and whether they mean what they say."""

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.figures import Figures

BINS = 10
_TWO = 2


def probability_figures(answers: NDArray[np.float64], targets: NDArray[np.int64], positive: int) -> Figures:
    """`auc`, `brier` and `calibration_error` of `answers`, of shape (rows, classes), for true classes.

    `auc` is the chance that a row of a class has a higher probability of it than a row of another: of the
    positive class where there are two, else the mean over the classes; a class without rows, or without
    others, has none. `brier` is the mean squared distance to the truth, from 0 to 2. `calibration_error` is
    the mean distance between confidence and the share of right answers, in ten bins of confidence
    (Naeini, Cooper and Hauskrecht 2015).
    """
    classes = answers.shape[1]
    spoken_of = [positive] if classes == _TWO else range(classes)
    areas = [
        float(roc_auc_score(targets == k, answers[:, k]))
        for k in spoken_of
        if 0 < np.count_nonzero(targets == k) < len(targets)
    ]
    confidence = answers.max(axis=1)
    surplus = confidence - (answers.argmax(axis=1) == targets)
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    return {
        "auc": math.fsum(areas) / len(areas) if areas else None,
        "brier": float(np.square(answers - np.eye(classes)[targets]).sum(axis=1).mean()),
        "calibration_error": float(np.abs(np.bincount(bins, surplus)).sum() / len(targets)),
    }
