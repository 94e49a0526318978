"""Real losses as counts of narrow steps, from which their sum below any bound is known afterwards.

A step is a double's sign, exponent and the five highest bits of its mantissa: 32 an octave, so that its lower
edge, which stands for it, is at most 1/33 below any loss in it. What stands for a loss is never larger than
it: an alarm on such sums keeps its guarantee.
"""

from collections.abc import Iterable, Mapping

import numpy as np

Steps = Mapping[int, int]
"""Step → how many losses."""

_SHIFT = 47


def steps(losses: Iterable[float]) -> Steps:
    """How many of `losses`, each finite and at least 0, lie in each step."""
    bits = np.fromiter(losses, np.float64).view(np.uint64) >> np.uint64(_SHIFT)
    found, counts = np.unique(bits, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def clipped(steps: Steps, bound: float) -> float:
    """The sum of the losses in `steps`, each cut at `bound` and divided by it: from 0 to their number."""
    places = np.fromiter(steps.keys(), np.uint64, len(steps))
    values = (places << np.uint64(_SHIFT)).view(np.float64)
    counts = np.fromiter(steps.values(), np.int64, len(steps))
    return float(np.minimum(values, bound) @ counts) / bound
