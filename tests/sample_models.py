"""Small fitted pipelines that several tests share."""

from collections.abc import Mapping
from typing import Any, get_args

from sample_rows import MIXED, NUMBERS, REGRESSION, labels, rows
from sklearn.pipeline import Pipeline

from events.settings import OF_ARRAYS, Family, Settings
from models.families import ESTIMATORS
from models.problem import Candidate, problem

FAMILIES: tuple[Family, ...] = tuple(family for family in get_args(Family) if family not in OF_ARRAYS)
"""Those that read any features; tests/fitting/test_deep.py has the others."""
QUICK: Mapping[Family, Mapping[str, Any]] = {
    "linear": {},
    "lasso": {"max_iter": 50},
    "elastic-net": {"max_iter": 50},
    "sgd": {"max_iter": 20},
    "svm": {},
    "mlp": {"hidden_layer_sizes": [16], "max_iter": 20},
    "tree": {"max_depth": 4},
    "forest": {"n_estimators": 5, "max_depth": 4},
    "boosting": {"max_iter": 5, "max_leaf_nodes": 7},
    "hoeffding-tree": {},
    "adaptive-forest": {},
    "naive-bayes": {},
    "online-linear": {},
}

PAIRS = [
    (family, stream)
    for family in FAMILIES
    for stream in (NUMBERS, MIXED, REGRESSION)
    if (family, stream.task) in ESTIMATORS
]
"""Each family with each stream that it can learn."""

_FITTED: dict[tuple[Family, str], Pipeline] = {}


def fitted(family: Family, stream: Settings) -> Pipeline:
    """A small pipeline of `family` that learned from 300 rows of `stream`; made once."""
    key = (family, stream.schema_sha256)
    if key not in _FITTED:
        learned = rows(stream, 300)
        _FITTED[key] = problem(stream, learned, labels(stream, learned)).fitted(
            Candidate(family, QUICK[family]), slice(None)
        )
    return _FITTED[key]
