"""How much more sums of losses vary than if each loss was drawn by itself: because losses hang together.

From cohorts next to each other, so that a change of the mean counts once only (von Neumann, Ann. Math.
Statist. 12, 1941, on successive differences), each pair against what independent losses would give:

    V = max(1, mean of (s/n - s'/n')² / (p(1 - p)(1/n + 1/n')))        p: the mean of both cohorts
"""

from msgspec import Struct

_PRIOR = 20.0
"""Pairs of cohorts, with V = 1, that are taken to have been seen before the first."""


class Dispersion(Struct):
    """V of the cohorts so far; plain numbers, to be kept as JSON."""

    ratios: float = _PRIOR
    pairs: float = _PRIOR
    count: int = 0
    """Of the newest cohort; 0 before the first."""
    total: float = 0.0

    def take(self, count: int, total: float) -> None:
        """The next cohort: `count` losses in [0, 1], at least one, that sum up to `total`."""
        if self.count:
            apart = total / count - self.total / self.count
            mean = (total + self.total + 0.5) / (count + self.count + 1)
            self.ratios += apart**2 / (mean * (1 - mean) * (1 / count + 1 / self.count))
            self.pairs += 1
        self.count, self.total = count, total

    @property
    def factor(self) -> float:
        """V, at least 1."""
        return max(1.0, self.ratios / self.pairs)
