"""What a version's error may be before it counts as risen: from what it was measured at, at its gate.

    m = U + tolerance        U: upper confidence bound on its mean loss, one-sided, 95 %

For a classification U is Clopper's and Pearson's exact bound (Biometrika 26, 1934); for a regression, whose
losses are cut at `bound` and scaled to [0, 1], the Chernoff bound for such losses: the U with
n · kl(mean, U) = log(1/δ) (Hoeffding, JASA 58, 1963, theorem 1).
"""

import math
from collections.abc import Mapping
from typing import Any

import scipy  # its parts are imported as they are asked for: a monitor that stands by needs none
from msgspec import Struct

CONFIDENCE = 0.95
_HALVINGS = 60


class Baseline(Struct, frozen=True):
    """What a version's gate measured: `total` over `rows` losses in [0, 1]."""

    rows: int
    total: float
    bound: float | None = None
    """Of a regression: the squared error that counts as a loss of 1; larger ones too."""
    gated: bool = False
    """Whether it was promoted for being better than the champion on the same events."""
    mended: bool = False
    """Whether its error there was at most half the champion's."""

    @property
    def upper(self) -> float:
        """U."""
        return upper(self.rows, self.total, real=self.bound is not None)


def baseline(metrics: Mapping[str, Any], *, real: bool) -> Baseline | None:
    """The baseline in a manifest's `metrics`, of a regression if `real`; None where these do not say it."""
    try:
        rows, bound = int(metrics["rows"]), float(metrics["bound"]) if real else None
        total = float(metrics["loss_sum"]) if bound is None else metrics["clipped_sum"] / bound
        gate = metrics.get("gate")
        before = (gate or {}).get("champion_error")
        mended = gate is not None and (before is None or metrics["loss_sum"] / rows <= before / 2)
        found = Baseline(rows, total, bound, gated=gate is not None, mended=mended)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return found if found.rows > 0 and 0 <= found.total <= found.rows else None


def upper(rows: int, total: float, *, real: bool = False) -> float:
    """The upper bound on the mean of losses of which `rows`, at least one, sum up to `total`.

    `real` losses lie anywhere in [0, 1], others are 0 or 1.
    """
    if total >= rows:
        return 1.0
    if not real:
        return float(scipy.special.betaincinv(total + 1, rows - total, CONFIDENCE))
    mean, wanted = total / rows, -math.log1p(-CONFIDENCE) / rows
    low, high = mean, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        apart = scipy.special.rel_entr(mean, middle) + scipy.special.rel_entr(1 - mean, 1 - middle)
        low, high = (middle, high) if apart < wanted else (low, middle)
    return high
