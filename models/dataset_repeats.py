"""Rows that come again with the same label, and rows that come again with another."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.dataset import Dataset


class Repeats(NamedTuple):
    """A mark for each row."""

    again: NDArray[np.bool_]
    """An earlier row has the same features and the same label."""
    contradicted: NDArray[np.bool_]
    """Some row, earlier or later, has the same features and another label."""


def repeats(dataset: Dataset) -> Repeats:
    """By a hash of 64 bits: that any two of a million rows which differ share one is one in 37 million."""
    rows = pd.util.hash_pandas_object(dataset.frame, index=False)
    seen = pd.DataFrame({"row": rows.to_numpy(), "label": dataset.targets})
    labels = seen.groupby("row")["label"].transform("nunique")
    return Repeats(seen.duplicated().to_numpy(), (labels > 1).to_numpy())
