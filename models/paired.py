"""The paired e-value: is one version worse than another on the events that both answered?

Of the events on which their losses differ, b were worse with the version in question and c better, n = b + c.
If it is no worse, each is "worse" with probability at most 1/2, whatever came before. The bet is a mixture,
uniform over all shares θ above 1/2 (Robbins, Ann. Math. Statist. 41, 1970; as evidence: Ramdas, Grünwald,
Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statist. Sci. 38, 2023):

    E(b, c) = 2 ∫ (2θ)^b (2 - 2θ)^c dθ  over (1/2, 1)  =  2^(n+1) · B(1+b, 1+c) · I_½(1+c, 1+b)
"""

import math

import scipy  # its parts are imported as they are asked for: a monitor that stands by needs none

_SMALLEST = 1e-250
"""Below it the incomplete beta function nears the end of what a double can be."""


def evidence(worse: float, better: float) -> float:
    """Log of E that it is worse, of `worse` and `better` events; 0 without any.

    Guarantee: if it is no worse, E is ever as much as 1/a with probability at most a, however often one looks
    and whenever one stops. Free of the order of the events: the two counts are all the state there is.
    """
    share = scipy.special.betainc(1 + better, 1 + worse, 0.5)
    if share < _SMALLEST:
        return _of_few(worse, better)
    n = worse + better
    return float((n + 1) * math.log(2) + scipy.special.betaln(1 + worse, 1 + better) + math.log(share))


def _of_few(worse: float, better: float) -> float:
    """The same where b is far below c: E = F / (2 + 2c), F = ₂F₁(n+2, 1; c+2; ½), term by term."""
    total = term = 1.0
    k = 0
    while term > total * math.ulp(1):
        term *= (worse + better + 2 + k) / (better + 2 + k) / 2
        total += term
        k += 1
    return math.log(total / (2 + 2 * better))
