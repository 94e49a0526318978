"""Streams of several kinds, and rows and labels for them. Imports no library that fits models."""

import random
from collections.abc import Sequence
from typing import Any

from samples import settings

from events.schema import Feature, Label
from events.settings import Settings
from models.frame import Row

NUMBERS = settings(
    features={"x": "number", "y": {"type": "number", "nullable": True}, "z": "integer"},
    labels={"classes": ["down", "same", "up"]},
)
"""Three classes, numbers only."""
MIXED = settings()
"""Two classes, and every kind of feature."""
REGRESSION = settings(task="regression", labels={"horizon": "1h"})


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
