"""The mean of several fitted pipelines' answers, as one pipeline: scikit-learn's voting, nothing refitted.

Pipelines that learned from different windows err differently; where the gate part cannot tell which is best
their mean is rarely worse than any, and often better than all (Breiman, "Bagging predictors", Machine
Learning 24, 1996).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder


def averaged(fitted: Sequence[Pipeline], classes: int) -> Pipeline:
    """The pipeline that answers the mean of what `fitted` answer; of a classification, of the probabilities.

    The first decides which classes there are; one that knows others is left out.
    """
    if classes:
        fitted = [one for one in fitted if np.array_equal(one.classes_, fitted[0].classes_)]
    if len(fitted) == 1:
        return fitted[0]
    named = [(f"member{number}", one) for number, one in enumerate(fitted, 1)]
    if classes:
        voting = VotingClassifier(named, voting="soft")
        voting.le_ = LabelEncoder().fit(fitted[0].classes_)
        voting.classes_ = voting.le_.classes_
    else:
        voting = VotingRegressor(named)
    voting.estimators_ = list(fitted)
    return Pipeline([("estimate", voting)])


def member(made: Pipeline) -> Pipeline:
    """The first of those of which `averaged` made one: all are of one family and the same parameters."""
    estimate = made[-1]
    return estimate.estimators_[0] if isinstance(estimate, VotingClassifier | VotingRegressor) else made


def within_noise(losses: Sequence[NDArray[np.float64]], best: int) -> list[int]:
    """Which of `losses`, each of the same events in order of time, are within noise of those at `best`.

    That comes first; the others exceed it by at most one standard error of the mean of the differences, event
    by event. Losses hang together in time: it comes from the means of √n successive batches (Flegal, Jones,
    "Batch means and spectral variance estimators in Markov chain Monte Carlo", Ann. Statist. 38, 2010).
    """
    apart = [one - losses[best] for one in losses]
    near = (k for k, d in enumerate(apart) if k != best and d.mean() <= _standard_error(d))
    return [best, *near]


def _standard_error(values: NDArray[np.float64]) -> float:
    means = [batch.mean() for batch in np.array_split(values, max(math.isqrt(len(values)), 2))]
    return float(np.std(means, ddof=1) / np.sqrt(len(means)))
