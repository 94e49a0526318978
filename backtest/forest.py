"""River's adaptive random forest on the same events: it learns from each label as it comes.

Source: Gomes et al., "Adaptive random forests for evolving data stream classification" (Machine Learning
106, 2017), by river's `ARFClassifier` and `ARFRegressor` with their defaults.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from river import forest

from backtest.baselines import Ground
from backtest.told import Told
from models.frame import Row


def adaptive_forest(ground: Ground, tell: Callable[[int], None]) -> Told:
    """What the forest answers; it begins with the first version's rows. `tell` hears of events done."""
    history, given = ground.history, ground.problem
    told = Told("adaptive-forest", np.full(len(history), np.nan))
    made = forest.ARFClassifier if given.classes else forest.ARFRegressor
    model = made(seed=ground.settings.training.seed)
    names, before = list(ground.settings.features), len(ground.examples.rows)
    for row, target in zip(ground.examples.rows, given.targets[:before].tolist(), strict=True):
        model.learn_one(_named(names, row), target)
    target_of = dict(zip(ground.usable.tolist(), given.targets[before:].tolist(), strict=True))
    come = 0
    for event, target in target_of.items():
        for known in history.of[come : history.known[event]]:
            if known in target_of:
                model.learn_one(_named(names, history.rows[known]), target_of[known])
        come = history.known[event]
        answer = model.predict_one(_named(names, history.rows[event]))
        told.losses[event] = float(answer != target) if given.classes else (answer - target) ** 2
        tell(event + 1)
    return told


def _named(names: list[str], row: Row) -> dict[Any, Any]:
    """The row as river takes it: an array's numbers one by one, and what is missing left out."""
    found: dict[Any, Any] = {}
    for name, value in zip(names, row, strict=True):
        if isinstance(value, list):
            found |= {f"{name}[{i}]": number for i, number in enumerate(value)}
        elif value is not None:
            found[name] = value
    return found
