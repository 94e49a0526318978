"""Features among each other, and what a quick model makes of each."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from msgspec import Struct
from scipy.stats.contingency import association

from models.dataset import MOST_COLUMNS, Dataset
from models.importance import rises
from models.problem import Candidate, Problem

SPEARMAN, CRAMER = "spearman", "cramer-v"
MOST_PAIRS = 50
_MOST_VALUES = 32
"""Of a category that are told apart; the others count as one."""
_SHUFFLES = 3
_QUICK = Candidate("boosting", {"max_iter": 30, "max_leaf_nodes": 15})


class Pair(Struct, frozen=True):
    """How two features go together: Spearman's rank correlation of numbers, Cramér's V of categories."""

    a: str
    b: str
    by: str
    value: float


def pairs(dataset: Dataset) -> list[Pair]:
    """The `MOST_PAIRS` strongest, the strongest first; over rows that have both."""
    found = [*_numbers(correlations(dataset)), *_categories(dataset)]
    return sorted(found, key=lambda pair: -abs(pair.value))[:MOST_PAIRS]


def correlations(dataset: Dataset) -> pd.DataFrame:
    """Spearman's rank correlation of each two columns of numbers; NaN where one is constant."""
    numbers = [name for name in dataset.coded if pd.api.types.is_float_dtype(dataset.frame[name])]
    return dataset.coded.iloc[dataset.sample][numbers].rank().corr()


def importance(dataset: Dataset, seed: int) -> dict[str, float]:
    """By how much a quick model's log loss, or absolute error, grows on the newest rows without each column.

    As `models.importance` has it, the mean of three shuffles. Nothing comes of rows that teach nothing, such
    as those of one class, or of too many columns.
    """
    given = Problem(
        features=dataset.settings.features,
        frame=dataset.frame.iloc[dataset.sample].reset_index(drop=True),
        targets=dataset.targets[dataset.sample],
        classes=len(dataset.settings.classes),
        seed=seed,
    )
    before = len(given.targets) - max(1, round(len(given.targets) * dataset.settings.training.holdout))
    if before < 1 or len(np.unique(given.targets[:before])) == 1 or given.frame.shape[1] > MOST_COLUMNS:
        return {}
    newest, columns = np.arange(before, len(given.targets)), {str(name): [str(name)] for name in given.frame}
    try:
        found = rises(given, given.fitted(_QUICK, slice(before)), newest, columns, _SHUFFLES, seed)
    except (ValueError, ArithmeticError):  # numbers that no tree takes; the training says so by itself
        return {}
    return {name: rise.mean for name, rise in found.items()}


def _numbers(table: pd.DataFrame) -> Iterator[Pair]:
    for (i, a), (j, b) in combinations(enumerate(table.columns), 2):
        if np.isfinite(value := table.to_numpy()[i, j]):
            yield Pair(str(a), str(b), SPEARMAN, float(value))


def _categories(dataset: Dataset) -> Iterator[Pair]:
    words = dataset.frame.iloc[dataset.sample].select_dtypes(exclude="number").iloc[:, :MOST_COLUMNS]
    told = {name: _common(values) for name, values in words.items()}
    for (a, left), (b, right) in combinations(told.items(), 2):
        table = pd.crosstab(left, right).to_numpy()
        if min(table.shape) > 1:
            yield Pair(str(a), str(b), CRAMER, float(association(table, method="cramer")))


def _common(values: "pd.Series[str]") -> "pd.Series[str]":
    kept = values.value_counts().index[:_MOST_VALUES]
    return values.where(values.isin(kept) | values.isna(), "(another)")
