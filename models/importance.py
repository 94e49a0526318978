"""Permutation importance: how much worse a pipeline answers without each feature, on rows new to it.

"Without" is with the feature's values shuffled over the rows (Breiman, Machine Learning 45, 2001; Fisher,
Rudin, Dominici, JMLR 20, 2019). It says what the pipeline uses, not what the labels follow from: of two
features that say the same, each may seem to say nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from models.online import learns_online
from models.problem import Problem, Rows

REPEATS = 5
_MOST_ANSWERS, _MOST_ONLINE = 10_000, 2_000
"""To be had for one version, so that a training takes little longer; river's models answer row by row."""
_LEAST_ROWS = 10


class Rise(NamedTuple):
    """Of the mean loss when a feature is shuffled: over the shuffles, its mean and standard deviation."""

    mean: float
    spread: float


def importance(given: Problem, fitted: Pipeline, rows: Rows) -> dict[str, Any]:
    """Each feature's, on some of `rows` at equal distances, as a manifest's `metrics` keep it.

    `metric` is the mean loss that rises, `log_loss` or `mae`; `features` has a `Rise` for each name. The same
    rows, pipeline, seed and packages give the same. Nothing comes of more than 200 features, 40 of one of
    river's models, or where an answer to a shuffled row is not finite.
    """
    names = list(given.features)
    wanted = (_MOST_ONLINE if learns_online(fitted) else _MOST_ANSWERS) // (REPEATS * len(names))
    if wanted < _LEAST_ROWS:
        return {}
    held_out = np.arange(len(given.targets))[rows]
    chosen = held_out[:: -(-len(held_out) // wanted)]
    columns = {name: _columns(given, name) for name in names}
    try:
        found = rises(given, fitted, chosen, columns, REPEATS, given.seed)
    except (ValueError, ArithmeticError):
        return {}
    return {
        "metric": "log_loss" if given.classes else "mae",
        "rows": len(chosen),
        "repeats": REPEATS,
        "seed": given.seed,
        "features": {name: rise._asdict() for name, rise in found.items()},
    }


def rises(
    given: Problem,
    fitted: Pipeline,
    rows: NDArray[np.intp],
    columns: Mapping[str, Sequence[str]],
    repeats: int,
    seed: int,
) -> dict[str, Rise]:
    """The rise for each name, whose `columns` are shuffled together, `repeats` times.

    Raises:
        ValueError, ArithmeticError: an answer is not finite, or the pipeline fails.
    """
    chance = np.random.default_rng(seed)
    whole = _loss(given, given.answers(fitted, rows), rows)
    many = np.tile(rows, repeats)
    frame = given.frame.iloc[many].reset_index(drop=True)
    found = {}
    for name, its in columns.items():
        order = np.concatenate([chance.permutation(rows) for _ in range(repeats)])
        shuffled = frame.copy()
        shuffled[list(its)] = given.frame[list(its)].iloc[order].to_numpy()
        answers = np.split(given.answers_to(fitted, shuffled), repeats)
        risen = np.array([_loss(given, one, rows) - whole for one in answers])
        found[name] = Rise(float(risen.mean()), float(risen.std()))
    return found


def _loss(given: Problem, answers: NDArray[np.float64], rows: NDArray[np.intp]) -> float:
    return given.losses(answers, rows)[1] / len(rows)


def _columns(given: Problem, name: str) -> list[str]:
    """A feature's columns in the frame: its own, or one for each number of an array."""
    shape = given.features[name].shape
    return [name] if shape is None else [f"{name}[{i}]" for i in range(shape[0])]
