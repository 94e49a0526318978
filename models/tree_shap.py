"""Exact Shapley values of trees on numbers, by shap (the extra `explain`), however many features there are.

TreeSHAP with a background (Lundberg and others, Nature Machine Intelligence 2, 2020) answers the question of
`models.shapley` from the trees themselves. It fits where each feature is one column of the estimator's.
"""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from models.frame import Layout, Row
from models.shapley import Shares

_TREES = (
    DecisionTreeClassifier, DecisionTreeRegressor, RandomForestClassifier, RandomForestRegressor,
    HistGradientBoostingRegressor,
)  # fmt: skip
"""Not boosting's classifier: its trees add up log-odds, and shap has a rule of thumb for probabilities."""
_COLUMN_BY_COLUMN = SimpleImputer, StandardScaler, MinMaxScaler
_SINGLE_PRECISION = 1e-6


def tree_shares(
    pipeline: Pipeline, layout: Layout, event: Row, background: Sequence[Row], index: int
) -> Shares | None:
    """The values for the probability of class `index`, or the number; None where shap is absent or unfit."""
    if not _fits(pipeline, layout, len(event)) or find_spec("shap") is None:
        return None
    estimator = pipeline[-1]
    known, asked = (
        np.asarray(pipeline[:-1].transform(layout.frame(rows)) if len(pipeline) > 1 else layout.frame(rows))
        for rows in (background, [event])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong shows when the values do not add up
        import shap  # noqa: PLC0415 (an extra, and seconds)

        explainer = shap.TreeExplainer(estimator, known, feature_perturbation="interventional")
        values = np.asarray(explainer.shap_values(asked, check_additivity=False), dtype=np.float64)[0]
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    if values.ndim > 1:  # a column for each class
        place = estimator.classes_.tolist().index(index)
        values, base = values[:, place], base[[place]]
    return Shares(
        "shap's TreeExplainer: exact", float(base[0]), values, len(known), tolerance=_SINGLE_PRECISION
    )


def _fits(pipeline: Any, layout: Layout, features: int) -> bool:
    """Whether the estimator is of trees, and each of its columns is a feature."""
    if not isinstance(pipeline, Pipeline) or type(pipeline[-1]) not in _TREES:
        return False
    plain = all(type(step) in _COLUMN_BY_COLUMN for _, step in pipeline.steps[:-1])
    return plain and not layout.categories and len(layout.numbers) == features == pipeline[-1].n_features_in_
