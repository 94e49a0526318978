"""How much of the label one feature tells alone: a feature that tells nearly all is suspected of a leak.

A small tree learns from six of eight spans of rows, with that feature only, and is judged on the other two:

    skill = 1 - loss of the tree / loss of the best constant

with the stream's loss: 0/1, or the squared error, for which this is R². Loosely a predictive power score
(Wetschoreck, 2020). A leak holds at any time, so one of the two lies in the middle, and drift hides none;
and they are whole spans, so that a date does not tell a label by its neighbours'.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

_SPANS, _EACH = 8, 4
_LEAVES = {"max_leaf_nodes": 64, "min_samples_leaf": 3, "random_state": 0}


class Skill(NamedTuple):
    """Of one feature, from 0 to 1; None where there is nothing to tell."""

    alone: float | None
    by_absence: float | None
    """Of the mark that it is missing, and nothing else."""
    same: bool
    """Each of its values goes with one label and each label with one value: it is the label."""


def skill(values: NDArray[np.float64], targets: NDArray[Any], *, classes: bool) -> Skill:
    """Of a feature, NaN where it is missing; `classes` says that targets are indexes of classes."""
    missing = np.isnan(values)
    varied = min(len(np.unique(values)), len(np.unique(targets))) > 1
    same = varied and _same(values, targets, classes=classes)
    alone = _skill(values, targets, classes=classes) if varied and not same else None
    absence = _skill(missing.astype(np.float64), targets, classes=classes) if 0 < missing.mean() < 1 else None
    return Skill(1.0 if same else alone, absence, same)


def _skill(values: NDArray[np.float64], targets: NDArray[Any], *, classes: bool) -> float | None:
    judged = np.arange(len(targets)) * _SPANS // len(targets) % _EACH == _EACH - 1
    learned, truth = targets[~judged], targets[judged]
    known = np.unique(values[~judged & ~np.isnan(values)])
    if not (len(truth) and len(known)):
        return None
    constant = np.bincount(learned).argmax() if classes else learned.mean()
    worst = _loss(np.full(len(truth), constant), truth, classes=classes)
    if not 0 < worst < np.inf:
        return None
    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(**_LEAVES)
    # Ranks: a tree holds no number over 1e38. Between two of them judged numbers keep their distances.
    ranks = np.interp(values, known, np.arange(len(known)))[:, None]
    answers = tree.fit(ranks[~judged], learned).predict(ranks[judged])
    return max(0.0, 1 - _loss(answers, truth, classes=classes) / worst)


def _loss(answers: NDArray[Any], truth: NDArray[Any], *, classes: bool) -> float:
    with np.errstate(over="ignore"):
        return float(np.mean(answers != truth) if classes else np.mean(np.square(answers - truth)))


def _same(values: NDArray[np.float64], targets: NDArray[Any], *, classes: bool) -> bool:
    if np.isnan(values).any():
        return False
    given, labels = (np.unique(one, return_inverse=True)[1] for one in (values, targets))
    if not classes:
        return bool(np.array_equal(given, labels))
    pairs = len(np.unique(np.stack([given, labels]), axis=1).T)
    return bool(pairs == given.max() + 1 == labels.max() + 1)
