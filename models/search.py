"""The search for a pipeline: each candidate is judged on rows that come after those it learned from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from sklearn.model_selection import ParameterGrid, TimeSeriesSplit

from events.errors import ScoreloopError
from events.settings import Family
from models.families import Task
from models.problem import Candidate, Problem

Grids = Mapping[Family, Mapping[str, Sequence[Any]]]
Progress = Callable[[str], None]
Positions = NDArray[np.intp]
Losses = tuple[float, float] | str
"""What one fold found: the summed loss and tie-breaker, or why the candidate could not be trained."""

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


@dataclass(frozen=True)
class Budget:
    """What a search may cost: so many candidates, None for all, and none after `spent` says so."""

    trials: int | None = None
    spent: Callable[[], bool] = lambda: False


EVERYTHING = Budget()

PARALLEL_CELLS = 1_000_000
"""Numbers in the frame from which processes are worth the seconds that they take to start."""


@dataclass(frozen=True)
class Judged:
    """A candidate with its mean loss over the rows of all folds, or why it could not be trained.

    `tie` decides between equals: the mean log loss, or the mean absolute error.
    """

    candidate: Candidate
    error: float | None = None
    tie: float | None = None
    failed: str | None = None

    def __str__(self) -> str:
        return f"{self.candidate}: {self.failed or f'error {self.error:.4g}'}"


def searched(
    problem: Problem,
    families: Iterable[Family],
    splits: Sequence[tuple[Positions, Positions]],
    grids: Grids,
    progress: Progress,
    budget: Budget = EVERYTHING,
) -> list[Judged]:
    """The candidates of `families`, judged on all `splits` into rows to learn from and later rows.

    All that `budget` allows, and one at least. In processes where the frame is large enough; the outcome is
    the same.
    """
    candidates = _candidates(families, grids, budget.trials)
    jobs = cpu_count() if problem.frame.size >= PARALLEL_CELLS else 1
    losses: Iterator[Losses] = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_losses)(problem, candidate, *split)
        for number, candidate in enumerate(candidates)
        if number == 0 or not budget.spent()
        for split in splits
    )
    rows = sum(len(judged_on) for _, judged_on in splits)
    found: list[Judged] = []
    for candidate in candidates:
        if folds := list(islice(losses, len(splits))):
            found.append(_judged(candidate, folds, rows))
            progress(f"{len(found)} of {len(candidates)}: {found[-1]}")
    return found


def _candidates(families: Iterable[Family], grids: Grids, most: int | None) -> list[Candidate]:
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


def splits(problem: Problem, end: int, folds: int, begin: int = 0) -> list[tuple[Positions, Positions]]:
    """The rows from `begin` up to `end` in time-ordered folds.

    A fold whose earlier rows all have one class teaches nothing and is left out.

    Raises:
        ScoreloopError: there are too few rows, or no fold is left.
    """
    rows = end - begin
    if rows <= folds:
        raise ScoreloopError(
            f"only {rows} rows come before the holdout, and [training] folds = {folds} needs {folds + 1}; "
            "give more rows"
        )
    found = [
        (learn + begin, judge + begin)
        for learn, judge in TimeSeriesSplit(folds).split(np.arange(rows))
        if not problem.classes or len(np.unique(problem.targets[learn + begin])) > 1
    ]
    if not found:
        raise ScoreloopError(
            "the oldest rows all have one label, so nothing is learned from them; give more rows, or fewer "
            "that begin later"
        )
    return found


def best(judged: Iterable[Judged]) -> Candidate:
    """The candidate with the least loss; of equals the one with the lesser tie-breaker, then the first.

    Raises:
        ScoreloopError: none could be trained.
    """
    able = [one for one in judged if one.failed is None]
    if not able:
        raise ScoreloopError(f"no model could be trained: {next(iter(judged))}")
    return min(able, key=lambda one: (one.error, one.tie)).candidate


def _losses(problem: Problem, candidate: Candidate, learn: Positions, judge: Positions) -> Losses:
    try:
        return problem.losses(problem.answers(problem.fitted(candidate, learn), judge), judge)
    except (ValueError, ArithmeticError) as error:  # numbers that a family cannot take; others may
        return f"{type(error).__name__}: {error}"


def _judged(candidate: Candidate, folds: Sequence[Losses], rows: int) -> Judged:
    for fold in folds:
        if isinstance(fold, str):
            return Judged(candidate, failed=fold)
    error, tie = (sum(sums) / rows for sums in zip(*folds, strict=True))
    return Judged(candidate, error, tie)
