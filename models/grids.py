"""What a search tries of each family: a grid first, and the ranges in which it may look for more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sklearn.model_selection import ParameterGrid

from events.settings import Family
from models.families import Task
from models.problem import Candidate

Grids = Mapping[Family, Mapping[str, Sequence[Any]]]
Range = tuple[int, int] | tuple[float, float]
Ranges = Mapping[Family, Mapping[str, Range]]
"""The least and the largest of a parameter, between which it is looked for on a logarithmic scale."""

_BOTH: Grids = {
    "sgd": {"alpha": [1e-4, 1e-2], "penalty": ["l2", "elasticnet"]},
    "svm": {"C": [1.0, 10.0]},
    "tree": {"max_depth": [4, 8], "min_samples_leaf": [20]},
    "forest": {"min_samples_leaf": [5, 20], "n_estimators": [100]},
    "boosting": {"max_leaf_nodes": [7, 15, 31], "max_iter": [60]},
    "mlp": {"hidden_layer_sizes": [[32], [64, 32]]},
    "convolutional": {"units": [16, 32]},
    "recurrent": {"units": [16, 32]},
    "hoeffding-tree": {},
    "adaptive-forest": {},
    "online-linear": {"learning_rate": [0.01, 0.1]},
}
GRIDS: Mapping[Task, Grids] = {
    "classification": {
        "linear": {"C": [0.1, 10.0]},
        "lasso": {"C": [0.1, 10.0]},
        "elastic-net": {"C": [0.1, 10.0]},
        "naive-bayes": {},
        **_BOTH,
    },
    "regression": {
        "linear": {"alpha": [1.0, 100.0]},
        "lasso": {"alpha": [0.001, 0.03]},
        "elastic-net": {"alpha": [0.001, 0.03]},
        **_BOTH,
    },
}
"""What is tried of each family."""

_BOTH_RANGES: Ranges = {
    "sgd": {"alpha": (1e-6, 1e-1)},
    "svm": {"C": (0.1, 100.0)},
    "tree": {"max_depth": (2, 16), "min_samples_leaf": (5, 100)},
    "forest": {"min_samples_leaf": (1, 50), "max_features": (0.2, 1.0)},
    "boosting": {"max_leaf_nodes": (4, 63), "max_iter": (30, 200), "learning_rate": (0.02, 0.3)},
    "mlp": {"alpha": (1e-6, 1e-1), "learning_rate_init": (1e-4, 1e-2)},
    "convolutional": {"units": (8, 64), "epochs": (10, 40)},
    "recurrent": {"units": (8, 64), "epochs": (10, 40)},
    "online-linear": {"learning_rate": (0.001, 0.5)},
}
RANGES: Mapping[Task, Ranges] = {
    "classification": {
        **{family: {"C": (1e-3, 1e3)} for family in ("linear", "lasso", "elastic-net")},
        **_BOTH_RANGES,
    },
    "regression": {
        "linear": {"alpha": (1e-2, 1e4)},
        "lasso": {"alpha": (1e-4, 0.3)},
        "elastic-net": {"alpha": (1e-4, 0.3)},
        **_BOTH_RANGES,
    },
}
"""In what more is looked for, where the stream's budget goes beyond the grid."""


def candidates(families: Iterable[Family], grids: Grids, most: int | None) -> list[Candidate]:
    """At most so many, in order of `families`: each one's first come before any one's second."""
    ranked = [
        (rank, Candidate(family, params))
        for family in families
        for rank, params in enumerate(ParameterGrid(grids[family]))
    ]
    if most is None:
        return [candidate for _, candidate in ranked]
    kept = sorted(sorted(range(len(ranked)), key=lambda i: ranked[i][0])[:most])
    return [ranked[i][1] for i in kept]
