"""Rows, labels and small fitted pipelines that several tests share."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from samples import settings
from sklearn.pipeline import Pipeline

from events.schema import Feature, Label
from events.settings import OF_ARRAYS, Family, Settings
from models.families import ESTIMATORS
from models.frame import Row
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

NUMBERS = settings(
    features={"x": "number", "y": {"type": "number", "nullable": True}, "z": "integer"},
    labels={"classes": ["down", "same", "up"]},
)
"""Three classes, numbers only."""
MIXED = settings()
"""Two classes, and every kind of feature."""
REGRESSION = settings(task="regression", labels={"horizon": "1h"})

PAIRS = [
    (family, stream)
    for family in FAMILIES
    for stream in (NUMBERS, MIXED, REGRESSION)
    if (family, stream.task) in ESTIMATORS
]
"""Each family with each stream that it can learn."""

_FITTED: dict[tuple[Family, str], Pipeline] = {}


def rows(stream: Settings, count: int, seed: int = 1) -> list[Row]:
    """Made-up events; what may be missing is missing in one of five."""
    chance = random.Random(seed)
    return [tuple(_value(feature, chance) for feature in stream.features.values()) for _ in range(count)]


def _value(feature: Feature, chance: random.Random) -> Any:
    if feature.nullable and chance.random() < 0.2:
        return None
    if feature.shape:
        return [chance.gauss(0, 1) for _ in range(feature.shape[0])]
    match feature.type:
        case "number":
            return chance.gauss(0, 1)
        case "integer":
            return chance.randrange(100)
        case "boolean":
            return chance.random() < 0.5
        case "category":
            return chance.choice(feature.values or [f"shop {i}" for i in range(60)])


def labels(stream: Settings, given: Sequence[Row], seed: int = 2) -> list[Label]:
    """What follows from the first feature, which is a number, and some noise."""
    chance = random.Random(seed)
    scores = [float(row[0]) + chance.gauss(0, 0.3) for row in given]  # type: ignore[arg-type]
    if not stream.classes:
        return list(scores)
    most = len(stream.classes) - 1
    return [stream.classes[min(most, max(0, round(score + most / 2)))] for score in scores]


def fitted(family: Family, stream: Settings) -> Pipeline:
    """A small pipeline of `family` that learned from 300 rows of `stream`; made once."""
    key = (family, stream.schema_sha256)
    if key not in _FITTED:
        learned = rows(stream, 300)
        _FITTED[key] = problem(stream, learned, labels(stream, learned)).fitted(
            Candidate(family, QUICK[family]), slice(None)
        )
    return _FITTED[key]
