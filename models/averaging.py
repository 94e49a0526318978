"""The mean of several fitted pipelines' answers, as one pipeline: scikit-learn's voting, nothing refitted.

Pipelines that learned from different windows err differently; where the gate part cannot tell which is best
their mean is rarely worse than any, and often better than all (Breiman, "Bagging predictors", Machine
Learning 24, 1996).
"""

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


def within_noise(losses: Sequence[NDArray[np.float64]], best: int) -> list[int]:
    """Which of `losses`, each of the same events, exceed those at `best` by at most one standard error.

    The error is that of the mean of the differences, event by event; `best` comes first.
    """
    apart = [one - losses[best] for one in losses]
    near = (k for k, d in enumerate(apart) if k != best and d.mean() <= d.std() / np.sqrt(len(d)))
    return [best, *near]
