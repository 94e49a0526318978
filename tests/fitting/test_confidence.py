"""What confidence lets expect of accuracy, by fitted versions, on events that are sound or harder."""

from typing import Any

import numpy as np
import pytest
from backtests import stream

from models import training
from models.confidence import Confidence, accuracy_estimate, scores
from models.frame import frame
from models.histograms import BUCKETS
from models.pipelines import outputs


def world(chance: np.random.Generator, rows: int, scale: float = 1.0) -> tuple[list[Any], list[int]]:
    x = chance.normal(0, 1, (rows, 2)) * scale
    sure = 1 / (1 + np.exp(-3 * x[:, 0] - 2 * x[:, 1]))
    return list(map(tuple, x.tolist())), (chance.random(rows) < sure).astype(int).tolist()


@pytest.mark.parametrize("family", ["linear", "tree", "boosting"])
def test_harder_events_are_told_of_and_sound_ones_are_not(family: str) -> None:
    chance, made = np.random.default_rng(4), stream(training={"families": [family], "folds": 2})
    trained = training.train(made, *world(chance, 2_000))
    known = Confidence.found(trained.metrics["confidence"])
    assert known is not None
    assert known.rows @ (1 - known.right) / known.rows.sum() == pytest.approx(trained.metrics["error"])

    def odd(scale: float) -> bool:
        rows, _ = world(chance, 500, scale)
        answers = outputs(trained.pipeline, frame(made.features, rows), 2)
        histogram = np.bincount(scores(answers, 1), minlength=BUCKETS)
        found = accuracy_estimate(known, histogram, made.drift.least_effect)
        return found.matters and found.found.p <= made.drift.false_discovery

    assert sum(odd(1.0) for _ in range(40)) == 0
    assert sum(odd(0.2) for _ in range(10)) >= 9
