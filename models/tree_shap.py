"""Exact Shapley values of trees on numbers, by shap (the extra `explain`), however many features there are.

TreeSHAP with a background (Lundberg and others, Nature Machine Intelligence 2, 2020) answers the question of
`models.shapley` from the trees themselves. It fits where each feature is one column of the estimator's.
"""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from models.frame import Layout, Row
from models.shapley import Shares

_TREES = (
    DecisionTreeClassifier, DecisionTreeRegressor, RandomForestClassifier, RandomForestRegressor,
    HistGradientBoostingClassifier, HistGradientBoostingRegressor,
)  # fmt: skip
_COLUMN_BY_COLUMN = SimpleImputer, StandardScaler, MinMaxScaler
_TWO = 2


def tree_shares(
    pipeline: Pipeline, layout: Layout, event: Row, background: Sequence[Row], index: int
) -> Shares | None:
    """The values for the probability of class `index`, or the number; None where shap is absent or unfit."""
    if not _fits(pipeline, layout, len(event)) or find_spec("shap") is None:
        return None
    import shap  # noqa: PLC0415 (an extra, and seconds)

    estimator, boosted = pipeline[-1], isinstance(pipeline[-1], HistGradientBoostingClassifier)
    known, asked = (
        np.asarray(pipeline[:-1].transform(layout.frame(rows)) if len(pipeline) > 1 else layout.frame(rows))
        for rows in (background, [event])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong shows when the values do not add up
        explainer = shap.TreeExplainer(
            estimator, known, feature_perturbation="interventional",
            model_output="probability" if boosted else "raw",
        )  # fmt: skip
        values = np.asarray(explainer.shap_values(asked, check_additivity=False), dtype=np.float64)[0]
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    return _of(values, base, estimator, index, len(known))


def _fits(pipeline: Any, layout: Layout, features: int) -> bool:
    """Whether the estimator is of trees, and its columns are the features.

    The probabilities of more than two boosted classes shap does not know.
    """
    if not isinstance(pipeline, Pipeline) or type(pipeline[-1]) not in _TREES:
        return False
    several = isinstance(pipeline[-1], HistGradientBoostingClassifier) and len(pipeline.classes_) > _TWO
    plain = all(type(step) in _COLUMN_BY_COLUMN for _, step in pipeline.steps[:-1])
    one_each = not layout.categories and len(layout.numbers) == features == pipeline[-1].n_features_in_
    return plain and one_each and not several


def _of(values: Any, base: Any, estimator: Any, index: int, background: int) -> Shares:
    """The share of one class; boosting of two has values for the second, which the first's mirror."""
    method = "shap's TreeExplainer: exact"
    classes = list(getattr(estimator, "classes_", ()))
    if values.ndim == _TWO:
        k = classes.index(index)
        return Shares(method, float(base[k]), values[:, k], background)
    if classes and classes.index(index) == 0:
        return Shares(method, 1 - float(base[-1]), -values, background)
    return Shares(method, float(base[-1]), values, background)
