"""A scikit-learn pipeline of a family, which takes a frame as it is.

All preparation is inside the pipeline, so that serving cannot differ from training: a missing number or
category, and a category never seen in training, are answered like any other.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from events.schema import Features
from events.settings import OF_ARRAYS, Family
from events.settings.preparation import PLAIN, Preparation
from models.families import Params, Task, estimator
from models.frame import Layout
from models.preparation import spans, steps
from models.threads import one_thread


def pipeline(
    family: Family,
    features: Features,
    task: Task,
    params: Params,
    seed: int,
    empty: Collection[str] = (),
    preparation: Preparation = PLAIN,
) -> Pipeline:
    """An unfitted pipeline of `family`; its estimator takes `params` by scikit-learn's names.

    `empty` names the number columns without any value in the rows that it is to learn from.
    """
    prepare = steps(preparation, Layout(features), family, task, seed, empty)
    if family in OF_ARRAYS:
        params = {**params, "spans": spans(features, preparation)}
    return Pipeline([*prepare, ("estimate", estimator(family, task, params, seed))])


def outputs(fitted: Pipeline, frame: pd.DataFrame, classes: int) -> NDArray[np.float64]:
    """What a fitted pipeline answers, of shape (rows, classes): probabilities in the schema's order.

    A class that training never saw has probability 0. For a regression `classes` is 0 and the shape
    (rows, 1). Classes are their index in the schema. The values may be NaN or infinite. In one thread.
    """
    with one_thread(), np.errstate(all="ignore"):  # what overflows shows in the answer
        if not classes:
            return np.asarray(fitted.predict(frame), dtype=np.float64).reshape(-1, 1)
        known = np.asarray(fitted.predict_proba(frame), dtype=np.float64)
    if np.array_equal(fitted.classes_, range(classes)):
        return known
    answers = np.zeros((len(frame), classes))
    answers[:, fitted.classes_] = known
    return answers
