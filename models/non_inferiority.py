"""Non-inferiority: is a version at most δ worse than another on the events that both answered?

Each event gives d, its loss less the other's: 1 where the version was worse, 0, or -1 where it was better. If
the mean of d is δ or more, whatever came before, each of these bets loses on average (Waudby-Smith, Ramdas,
"Estimating means of bounded random variables by betting", JRSS B 86, 2024), and so does their mixture:

    W = mean over λ of ∏(1 + λ(δ - d))        λ on a geometric grid in (0, 1/(1 - δ))

A stream tries one challenger after another. The j-th is held to 6·alpha / (π²j²): the sum of 1/j² is π²/6
(Euler), so by the union bound the chance of ever promoting one that is too bad is at most alpha.
"""

import math

import numpy as np
import scipy  # its parts are imported as they are asked for: a monitor that stands by needs none

BETS = 12
_HIGHEST, _RATIO = 0.9, 2 ** (-1 / 2)


def wealth(worse: float, even: float, better: float, margin: float) -> float:
    """Log of W that it is at most `margin`, δ in (0, 1), worse; 0 without events.

    Guarantee: if it is worse by δ or more, W is ever as much as 1/a with probability at most a, however often
    one looks and whenever one stops. Free of the order of the events: the counts are all the state there is.
    """
    bets = _HIGHEST / (1 - margin) * _RATIO ** np.arange(BETS)
    logs = worse * np.log1p(-bets * (1 - margin)) + even * np.log1p(bets * margin)
    return float(scipy.special.logsumexp(logs + better * np.log1p(bets * (1 + margin)))) - math.log(BETS)


def level(j: int, alpha: float) -> float:
    """The chance of a false promotion that the j-th challenger, from 1, may have; `alpha` for all."""
    return 6 * alpha / (math.pi * j) ** 2
