"""The families of estimators, each a scikit-learn pipeline that takes a frame as it is.

All preparation is inside the pipeline, so that serving cannot differ from training: a missing number or
category, and a category never seen in training, are answered like any other.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from events.schema import Features
from events.settings import Family
from models.frame import Layout
from models.threads import one_thread

Task = Literal["classification", "regression"]
Params = Mapping[str, Any]

MAX_CATEGORIES = 32
"""Columns that one category feature may become: the most frequent values, and one for the rest."""

ESTIMATORS: dict[tuple[Family, Task], Callable[..., Any]] = {
    ("linear", "classification"): LogisticRegression,
    ("linear", "regression"): Ridge,
    ("tree", "classification"): DecisionTreeClassifier,
    ("tree", "regression"): DecisionTreeRegressor,
    ("forest", "classification"): RandomForestClassifier,
    ("forest", "regression"): RandomForestRegressor,
    ("boosting", "classification"): HistGradientBoostingClassifier,
    ("boosting", "regression"): HistGradientBoostingRegressor,
}
_FIXED: dict[tuple[Family, Task], dict[str, Any]] = {
    ("linear", "classification"): {"max_iter": 1_000},
    ("forest", "classification"): {"n_jobs": 1},  # processes are the parallel unit, in search and service
    ("forest", "regression"): {"n_jobs": 1},
    # Stopping early would hold out rows at random, the future among them.
    ("boosting", "classification"): {"early_stopping": False},
    ("boosting", "regression"): {"early_stopping": False},
}


def pipeline(
    family: Family, features: Features, task: Task, params: Params, seed: int, empty: Collection[str] = ()
) -> Pipeline:
    """An unfitted pipeline of `family`; its estimator takes `params` by scikit-learn's names.

    `empty` names the number columns without any value in the rows that it is to learn from: boosting leaves
    them out, since scikit-learn 1.9 cannot bin them. The others fill them with zeros.
    """
    layout = Layout(features)
    estimator = ESTIMATORS[family, task](random_state=seed, **{**_FIXED.get((family, task), {}), **params})
    numbers = _numbers(family)
    kept = [name for name in layout.numbers if family != "boosting" or name not in empty]
    if not layout.categories and kept == layout.numbers:
        return Pipeline([*numbers, ("estimate", estimator)])
    columns = ColumnTransformer(
        [
            ("numbers", Pipeline(numbers) if numbers else "passthrough", kept),
            ("categories", _one_hot(), layout.categories),
        ]
    )
    return Pipeline([("prepare", columns), ("estimate", estimator)])


def _numbers(family: Family) -> list[tuple[str, Any]]:
    """The steps that prepare numbers; boosting takes them, and NaN, as they are."""
    impute = ("impute", SimpleImputer(strategy="median", keep_empty_features=True))
    match family:
        case "boosting":
            return []
        case "linear":
            return [impute, ("scale", StandardScaler())]
        case _:
            return [impute]


def _one_hot() -> OneHotEncoder:
    """None is a category of its own; one that was never seen counts among the infrequent, or as none."""
    return OneHotEncoder(
        max_categories=MAX_CATEGORIES, handle_unknown="infrequent_if_exist", sparse_output=False
    )


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


def row_by_row(fitted: Pipeline) -> bool:
    """Whether one of our pipelines answers each row on its own, so that the other rows cannot show in it.

    A linear model does not: BLAS adds up in an order that depends on the shape of the whole frame.
    """
    return type(fitted[-1]) in {made for (family, _), made in ESTIMATORS.items() if family != "linear"}
