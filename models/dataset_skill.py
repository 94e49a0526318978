"""How much of the label one feature tells alone: a feature that tells nearly all is suspected of a leak.

A small tree learns from three of four rows, with that feature only, and is judged on every fourth:

    skill = 1 - loss of the tree / loss of the best constant

with the stream's loss: 0/1, or the squared error, for which this is R². Loosely a predictive power score
(Wetschoreck, 2020). A leak holds at any time, so rows of all times judge, and drift hides none.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

_EACH = 4
_LEAVES = {"max_leaf_nodes": 64, "min_samples_leaf": 3, "random_state": 0}


class Skill(NamedTuple):
    """Of one feature, from 0 to 1; None where there is nothing to tell."""

    alone: float | None
    by_absence: float | None
    """Of the mark that it is missing, and nothing else."""
    same: bool
    """Each of its values goes with one label and each label with one value: it is the label."""


def skill(codes: NDArray[np.float64], targets: NDArray[Any], *, classes: bool) -> Skill:
    """Of a feature given as ranks, NaN for missing; `classes` says that targets are indexes of classes."""
    missing = np.isnan(codes)
    alone = _skill(codes, targets, classes=classes) if len(np.unique(codes)) > 1 else None
    absence = _skill(missing.astype(np.float64), targets, classes=classes) if 0 < missing.mean() < 1 else None
    return Skill(alone, absence, alone is not None and _same(codes, targets, classes=classes))


def _skill(codes: NDArray[np.float64], targets: NDArray[Any], *, classes: bool) -> float | None:
    judged = np.arange(len(targets)) % _EACH == _EACH - 1
    learned, truth = targets[~judged], targets[judged]
    if not len(truth):
        return None
    constant = np.bincount(learned).argmax() if classes else learned.mean()
    worst = _loss(np.full(len(truth), constant), truth, classes=classes)
    if not 0 < worst < np.inf:
        return None
    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(**_LEAVES)
    answers = tree.fit(codes[~judged, None], learned).predict(codes[judged, None])
    return max(0.0, 1 - _loss(answers, truth, classes=classes) / worst)


def _loss(answers: NDArray[Any], truth: NDArray[Any], *, classes: bool) -> float:
    with np.errstate(over="ignore"):
        return float(np.mean(answers != truth) if classes else np.mean(np.square(answers - truth)))


def _same(codes: NDArray[np.float64], targets: NDArray[Any], *, classes: bool) -> bool:
    known = ~np.isnan(codes)
    if not known.all():
        return False
    ranks = np.unique(targets, return_inverse=True)[1]
    if not classes:
        return bool(np.array_equal(ranks, codes))
    pairs = len(np.unique(np.stack([codes, ranks]), axis=1).T)
    return pairs == len(np.unique(codes)) == len(np.unique(ranks))
