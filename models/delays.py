"""Label delays: histograms over delays rounded up to two significant digits, and their quantiles."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

Histogram = Mapping[int, int]
"""Rounded delay in milliseconds → how many labels."""

_STEPS: tuple[int, ...] = (
    *range(100),
    *(digits * 10**zeros for zeros in range(1, 18) for digits in range(10, 100)),
)
_FURTHEST = 10**18  # for 64 bits
_ARRAY = np.array([step for step in _STEPS if step <= _FURTHEST])
_WORTH_AN_ARRAY = 50


def rounded(delay: int) -> int:
    """`delay` rounded up to two significant digits; a label known before its event counts as 0.

    Past 9.9e18 ms, where no two times of 64 bits within a horizon are, it stays at that.
    """
    return _STEPS[min(bisect_left(_STEPS, delay), len(_STEPS) - 1)]


def histogram(delays: Sequence[int]) -> Histogram:
    """How many of `delays` are `rounded` to each step."""
    if len(delays) < _WORTH_AN_ARRAY or max(delays) > _FURTHEST or min(delays) < -_FURTHEST:
        return dict(Counter(map(rounded, delays)))
    counts = np.bincount(np.searchsorted(_ARRAY, np.array(delays)))
    steps = np.flatnonzero(counts)
    return dict(zip(_ARRAY[steps].tolist(), counts[steps].tolist(), strict=True))


def quantile(delays: Histogram, percent: int) -> int | None:
    """The nearest-rank quantile: the smallest delay that at least `percent` of the labels did not exceed.

    None without labels. `percent` is from 1 to 100.
    """
    rank = -(-percent * sum(delays.values()) // 100)
    for delay in sorted(delays):
        rank -= delays[delay]
        if rank <= 0:
            return delay
    return None
