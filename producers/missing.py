"""Which labels never come: chosen by seed and row alone, so that the same rows miss theirs in any slice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = list[Any]


def missing(seed: int, first: int, count: int, share: float) -> NDArray[np.bool_]:
    """For the `count` rows from `first` on whether the label is missing; `share` of them on average."""
    generator = np.random.PCG64(seed).advance(first)  # a double takes one step, so row i takes step i
    return np.random.Generator(generator).random(count) < share


def without(labels: Labels, seed: int, first: int, share: float) -> Labels:
    """`labels` of the rows from `first` on, with None for those that are missing."""
    if not share:
        return labels
    gone = missing(seed, first, len(labels), share)
    return [None if is_gone else label for label, is_gone in zip(labels, gone.tolist(), strict=True)]
