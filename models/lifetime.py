"""The lifetime alarm: has a mean loss ever been above a baseline? A bet that is never topped up.

Source: Ville, "Étude critique de la notion de collectif" (1939), for the inequality; Waudby-Smith, Ramdas,
"Estimating means of bounded random variables by betting" (JRSS B 86, 2024), for the bets. Losses x are in
[0, 1] and come in cohorts of n that sum up to s, as in `models/e_sr.py` and on its grid:

    W_k ← W_k · (1 + λ_k(1 - m))^s · (1 - λ_k·m)^(n - s)        evidence: W, the mean of all W_k; first 1

While the mean loss is at most m, whatever came before, W falls on average, so it is ever as much as 1/δ with
probability at most δ, over the version's whole life. Losses that hang together are dealt with as there.

The price: what is lost in good times has to be won back first, so that a late change is found late, where
e-SR begins anew with each loss.
"""

import math

from msgspec import Struct, field

from models.dispersion import Dispersion
from models.e_sr import BETS, payoffs

_CEILING = math.log(1e300)
"""Evidence stays a finite number; no threshold is anywhere near."""


class Lifetime(Struct, tag="lifetime"):
    """The state for one baseline m in (0, 1); it is plain numbers, to be kept as JSON."""

    baseline: float
    logs: list[float] = field(default_factory=lambda: [0.0] * BETS)
    """Log of W_k."""
    dispersion: Dispersion | None = None
    """Where losses hang together, as of `models.e_sr.ESR`."""

    @property
    def name(self) -> str:
        """As settings name it."""
        return "lifetime"

    def take(self, count: int, total: float, ts: int) -> None:  # noqa: ARG002 (as every detector)
        """A cohort that begins at `ts`: `count` losses, at least one, that sum up to `total`."""
        paid = payoffs(self.baseline, count, total, self.dispersion)
        self.logs = [log + won for log, won in zip(self.logs, paid, strict=True)]

    @property
    def evidence(self) -> float:
        """W: 0 or more, to be held against 1/δ."""
        return sum(math.exp(min(log, _CEILING)) for log in self.logs) / BETS
