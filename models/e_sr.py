"""The e-Shiryaev-Roberts alarm: has a mean loss risen above a baseline?

Source: Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential change detection"
(2024), with a mixture over a grid of bets. Losses x are in [0, 1] and come in cohorts of n, of which only the
sum s counts, and so never the order within a cohort:

    M_k ← (M_k + n) · (1 + λ_k(1 - m))^s · (1 - λ_k·m)^(n - s)        evidence: the mean of all M_k

While the mean loss, given what came before, is at most m the evidence grows by at most n a cohort on average,
so the expected number of losses until it reaches A is at least A: at most one false alarm in A losses on
average. For losses between 0 and 1 the product is a lower bound of ∏(1 + λ(x - m)), whose logarithm is
concave in x, so this holds too.

Losses that hang together (a bad hour, a bad customer) may be at most m on average and above it for a while,
and then this promises too much. With `dispersion` the product is taken to the power 1/V, V as of the cohorts
before. The promise stays (Jensen: what is 1 on average is at most 1 on average to a power below 1), and where
a sum's variance is V times that of independent losses, this is about what keeps it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct, field

from models.dispersion import Dispersion

BETS = 9
_HIGHEST, _RATIO = 0.32, 2 ** (-1 / 2)
"""Of λ·m: the best bet against a mean loss p is (p - m)/(1 - m), so these are for rises by 2 to 32 % of what
is left to rise. Larger ones are found in as many losses; bets on them would mostly cost."""
_CEILING = 1e300
"""Evidence stays a finite number; no threshold is anywhere near."""


class Start(NamedTuple):
    """Where a run of losses begins."""

    ts: int
    """Event time at which its first cohort begins."""
    losses: int
    """How many losses came before it."""
    total: float
    """Their sum."""


class ESR(Struct):
    """The state for one baseline m in (0, 1); it is plain numbers, to be kept as JSON."""

    baseline: float
    losses: int = 0
    """Taken so far."""
    total: float = 0.0
    """Their sum."""
    sums: list[float] = field(default_factory=lambda: [0.0] * BETS)
    """M_k."""
    runs: list[float] = field(default_factory=lambda: [0.0] * BETS)
    """For each bet the largest log of the product over all starts: a CUSUM."""
    starts: list[Start] = field(default_factory=lambda: [Start(0, 0, 0.0)] * BETS)
    """The starts at which it is largest."""
    dispersion: Dispersion | None = None
    """Where losses hang together."""

    def take(self, count: int, total: float, ts: int) -> None:
        """A cohort that begins at `ts`: `count` losses, at least one, that sum up to `total`."""
        for k, log in enumerate(payoffs(self.baseline, count, total, self.dispersion)):
            grown = math.log(self.sums[k] + count) + log
            self.sums[k] = math.exp(min(grown, math.log(_CEILING)))
            if self.runs[k] <= 0:
                self.starts[k] = Start(ts, self.losses, self.total)
            self.runs[k] = max(self.runs[k], 0.0) + log
        self.losses += count
        self.total += total

    @property
    def evidence(self) -> float:
        """M: 0 or more, to be held against the number of losses between two false alarms."""
        return sum(self.sums) / BETS

    @property
    def change(self) -> Start:
        """Where the change most likely was: the start whose product is largest, over all bets."""
        return self.starts[max(range(BETS), key=self.runs.__getitem__)]


def payoffs(baseline: float, count: int, total: float, dispersion: Dispersion | None) -> Sequence[float]:
    """For each bet the log of its product over a cohort, which `dispersion`, where given, takes in, too."""
    logs = [total * lost + (count - total) * kept for lost, kept in _payoffs(baseline)]
    if dispersion is not None:
        factor = dispersion.factor
        logs = [log / factor for log in logs]
        dispersion.take(count, total)
    return logs


@lru_cache(maxsize=128)
def _payoffs(baseline: float) -> Sequence[tuple[float, float]]:
    """For each bet the log of what it is multiplied by at a loss of 1, and at one of 0."""
    return [(math.log1p(bet * (1 - baseline)), math.log1p(-bet * baseline)) for bet in bets(baseline)]


def bets(baseline: float) -> Sequence[float]:
    """The grid λ_k in (0, 1/m): for large changes and for small ones."""
    return [_HIGHEST / baseline * _RATIO**k for k in range(BETS)]
