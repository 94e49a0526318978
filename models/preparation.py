"""What is made of a frame before an estimator sees it, as `[preparation]` says; part of the fitted pipeline.

All of it is scikit-learn's own and data only, also the cosines: what an artefact needs to be loaded without
code, and the auditor to score again. Each row is prepared on its own, by sums and products of its numbers
alone, so that the other rows of a batch cannot show in it.
"""

from collections.abc import Collection
from math import pi
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
    f_classif,
    f_regression,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import RBFSampler
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from events.schema import Features
from events.settings import Family
from events.settings.preparation import Cycle, Preparation
from models.families import SCALED, Task
from models.frame import Layout

Steps = list[tuple[str, Any]]

MAX_CATEGORIES = 32
"""Columns that one category feature may become: the most frequent values, and one for the rest."""
PERIODS: dict[Cycle, float] = {"day": 86_400_000.0, "week": 7 * 86_400_000.0, "year": 365.2425 * 86_400_000.0}
"""In milliseconds."""
_UNKNOWN = -1
"""The code of a category that was never seen."""


def steps(
    preparation: Preparation, layout: Layout, family: Family, task: Task, seed: int, empty: Collection[str]
) -> Steps:
    """The steps before an estimator of `family`.

    `empty` names the number columns without any value in the rows that it is to learn from: where nothing
    fills them they are left out, since scikit-learn 1.9 cannot bin them for boosting.
    """
    impute, scale = _impute(preparation, family), _scale(preparation, family)
    apart = {*preparation.interactions, *preparation.cycles}
    kept = [name for name in layout.numbers if name not in apart and (impute or name not in empty)]
    selection = _selection(preparation, task, seed)
    if kept == layout.numbers and not layout.categories:
        return [*impute, *scale, *selection]
    columns = [
        ("numbers", _piped([*impute, *scale]), kept),
        ("categories", _piped(_encode(preparation, scale)), layout.categories),
    ]
    if preparation.interactions:
        products = PolynomialFeatures(interaction_only=True, include_bias=False)
        made = _piped([*_filled(preparation), ("multiply", products), *scale])
        columns.append(("interactions", made, list(preparation.interactions)))
    for name, cycles in preparation.cycles.items():
        made = _piped([*_filled(preparation), ("turn", _turning(cycles))])
        columns.append((f"cycles of {name}", made, [name]))
    return [("prepare", ColumnTransformer(columns)), *selection]


def spans(features: Features, preparation: Preparation) -> list[tuple[int, int]]:
    """Where each array begins among the columns that `steps` make, if none is left out, and its length."""
    apart = {*preparation.interactions, *preparation.cycles}
    found, start = [], 0
    for name, feature in features.items():
        if feature.type == "category" or name in apart:
            continue
        length = feature.shape[0] if feature.shape else 1
        if feature.shape:
            found.append((start, length))
        start += length
    return found


def _piped(made: Steps) -> Any:
    match made:
        case []:
            return "passthrough"
        case [(_, OneHotEncoder() as alone)]:
            return alone
    return Pipeline(made)


def _impute(preparation: Preparation, family: Family) -> Steps:
    """Boosting takes NaN as it is, unless told otherwise; the F test does not."""
    takes_nan = family == "boosting" and preparation.selection != "k-best"
    return [] if takes_nan and preparation.missing is None else _filled(preparation)


def _filled(preparation: Preparation) -> Steps:
    strategy = preparation.missing or "median"
    value = {"fill_value": preparation.constant} if strategy == "constant" else {}
    return [("impute", SimpleImputer(strategy=strategy, keep_empty_features=True, **value))]


def _scale(preparation: Preparation, family: Family) -> Steps:
    match preparation.scaling or ("standard" if family in SCALED else "none"):
        case "standard":
            return [("scale", StandardScaler())]
        case "min-max":
            return [("scale", MinMaxScaler())]
    return []


def _encode(preparation: Preparation, scale: Steps) -> Steps:
    """None is a category of its own; one that was never seen counts among the infrequent, or as none.

    Ordinal codes are numbers of any size, so they are scaled as numbers are.
    """
    if preparation.categories == "one-hot":
        encoder = OneHotEncoder(
            max_categories=MAX_CATEGORIES, handle_unknown="infrequent_if_exist", sparse_output=False
        )
        return [("encode", encoder)]
    ordinal = OrdinalEncoder(
        max_categories=MAX_CATEGORIES, handle_unknown="use_encoded_value", unknown_value=_UNKNOWN
    )
    return [("encode", ordinal), *scale]


def _turning(cycles: Collection[Cycle]) -> FrozenEstimator:
    """Cosine and sine of a time, for each of `cycles`, which learns nothing.

    `RBFSampler` is cos(x · weights + offset) √(2 / columns), and takes other weights than those of chance.
    """
    turns = RBFSampler(n_components=2 * len(cycles))
    turns.random_weights_ = np.array([[2 * pi / PERIODS[cycle] for cycle in cycles for _ in range(2)]])
    turns.random_offset_ = np.array([0.0, -pi / 2] * len(cycles))
    turns.n_features_in_ = 1
    return FrozenEstimator(turns)


def _selection(preparation: Preparation, task: Task, seed: int) -> Steps:
    classes = task == "classification"
    match preparation.selection:
        case "variance":
            return [("select", VarianceThreshold())]
        case "k-best":
            return [("select", SelectKBest(f_classif if classes else f_regression, k=preparation.keep))]
        case "model":
            forest = ExtraTreesClassifier if classes else ExtraTreesRegressor
            return [("select", SelectFromModel(forest(n_estimators=20, max_depth=6, random_state=seed)))]
    return []


def without_functions(fitted: Pipeline) -> Pipeline:
    """`fitted`, without the function by which columns were chosen: an artefact holds none."""
    for _, step in fitted.steps:
        if isinstance(step, SelectKBest):
            step.score_func = None
    return fitted
