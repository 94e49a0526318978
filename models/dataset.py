"""Rows with labels before a training learns from them, and what was left out of them on the way.

The files `dataset_*.py` look at such rows as a whole; `models.data_quality` looks at windows of events that
are served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from events.schema import Label
from events.settings import Settings
from models.frame import Row, frame
from models.targets import targets_of

MOST_ROWS = 20_000
"""Rows that are fitted to and correlated; of more, so many at equal distances."""
MOST_COLUMNS = 200
"""Columns of these; an array has one for each of its numbers."""

Indexes = NDArray[np.intp]


@dataclass(frozen=True)
class Dataset:
    """Rows in order of time and their labels; `ts` and `label_ts`, in milliseconds, where they are known."""

    settings: Settings
    rows: Sequence[Row]
    labels: Sequence[Label]
    ts: Sequence[int] = ()
    label_ts: Sequence[int] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why → how many rows of the source are not among these."""
    broken: Sequence[str] = ()
    """What is wrong with rows that cannot be read, the first few."""

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a pipeline takes them."""
        return frame(self.settings.features, self.rows)

    @cached_property
    def targets(self) -> NDArray[Any]:
        """The labels as they are learned: indexes of classes, or numbers."""
        return targets_of(self.labels, self.settings.classes)

    @cached_property
    def coded(self) -> pd.DataFrame:
        """The first `MOST_COLUMNS` columns, a category as the rank of its text; NaN for missing."""
        words = set(self.frame.select_dtypes(exclude="number").columns)
        coded = {
            name: np.where((codes := pd.factorize(column, sort=True)[0]) < 0, np.nan, codes)
            if name in words
            else column
            for name, column in self.frame.iloc[:, :MOST_COLUMNS].items()
        }
        return pd.DataFrame(coded)

    @cached_property
    def sample(self) -> Indexes:
        """At most `MOST_ROWS` positions at equal distances."""
        return np.unique(np.linspace(0, len(self.rows) - 1, min(MOST_ROWS, len(self.rows))).astype(np.intp))

    @property
    def newest(self) -> slice:
        """The rows that a training measures itself on."""
        return slice(len(self.rows) - max(1, round(len(self.rows) * self.settings.training.holdout)), None)
