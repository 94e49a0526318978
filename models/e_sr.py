"""The e-Shiryaev-Roberts alarm: has a mean loss risen above a baseline?

Source: Shin, Ramdas, Rinaldo, "E-detectors: a nonparametric framework for sequential change detection"
(2024), with a mixture over a grid of bets. Losses x are in [0, 1] and come in cohorts of n, of which only the
sum s counts, and so never the order within a cohort:

    M_k ← (M_k + n) · (1 + λ_k(1 - m))^s · (1 - λ_k·m)^(n - s)        evidence: the mean of all M_k

While the mean loss is at most m the evidence grows by at most n a cohort on average, so the expected number
of losses until it reaches A is at least A: at most one false alarm in A losses on average. For losses between
0 and 1 the product is a lower bound of ∏(1 + λ(x - m)), whose logarithm is concave in x, so this holds too.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct, field

BETS = 12
_HIGHEST, _RATIO = 0.9, 2 ** (-1 / 2)
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

    def take(self, count: int, total: float, ts: int) -> None:
        """A cohort that begins at `ts`: `count` losses, at least one, that sum up to `total`."""
        for k, bet in enumerate(bets(self.baseline)):
            log = total * math.log1p(bet * (1 - self.baseline))
            log += (count - total) * math.log1p(-bet * self.baseline)
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


def bets(baseline: float) -> Sequence[float]:
    """The grid λ_k in (0, 1/m): for large changes and for small ones."""
    return [_HIGHEST / baseline * _RATIO**k for k in range(BETS)]
