"""How accurate are answers without labels? As accurate as answers with such scores were on the holdout.

The holdout's answers are put into about ten bins of a score each (`models.histograms`: the probability of the
positive class, with more than two classes the largest). With a_b the share of right answers in bin b, which
calibrates the version's own confidence (Zadrozny, Elkan, ICML 2001), and q_b a window's shares of the bins,

    Â = Σ q_b·a_b                                    on the holdout itself its accuracy A, with h_b for q_b
    Var(Â - A) ≈ Var_q(a)/n + Var_h(a)/N + Σ (q_b - h_b)²·a_b(1 - a_b)/N_b

estimates the accuracy (average confidence: Guillory and others, ICCV 2021). It sees that answers have become
less certain, as events are harder; it cannot see that events mean something else than before, since an answer
is then as certain as ever. So it may warn, and say nothing for sure.
"""

import math
from typing import Annotated

import numpy as np
import scipy  # its parts are imported as they are asked for: a monitor that stands by needs none
from msgspec import Meta, Struct
from numpy.typing import NDArray

from models.counts import Integers
from models.finding import Finding, percent
from models.histograms import BUCKETS, MISSING, probable
from models.stated import Stated
from models.two_samples import NOTHING, Comparison

DETECTOR = "confidence"
BINS, PARTS = 10, 4
LEAST_PART = 50
"""Rows of a part."""
_DIGITS = 4
_TWO = 2

_Count = Annotated[int, Meta(ge=0)]
_Share = Annotated[float, Meta(ge=0, le=1)]


class Bin(Struct, array_like=True, frozen=True):
    """The scores from the bucket `start` up to where the next bin starts."""

    start: _Count
    rows: Annotated[int, Meta(ge=1)]
    right: _Count


class Confidence(Stated, frozen=True):
    """How often answers of the holdout were right, by their scores; at least one bin."""

    bins: Annotated[list[Bin], Meta(min_length=1)]
    lowest: _Share
    """The smallest Â of the holdout's parts, each a quarter of it, in order of time."""

    @property
    def rows(self) -> NDArray[np.float64]:
        """The holdout's rows of each bin."""
        return np.array([one.rows for one in self.bins], dtype=np.float64)

    @property
    def right(self) -> NDArray[np.float64]:
        """The share of right answers of each bin."""
        return np.array([one.right for one in self.bins]) / self.rows

    def binned(self, buckets: Integers) -> NDArray[np.float64]:
        """A histogram of scores in these bins; what lies between or beyond them is in the one before."""
        starts = np.array([one.start for one in self.bins])
        place = np.clip(np.searchsorted(starts, np.arange(BUCKETS), side="right") - 1, 0, None)
        scored = np.where(np.arange(BUCKETS) == MISSING, 0, buckets)
        return np.bincount(place, scored, len(self.bins)).astype(np.float64)


def scores(answers: NDArray[np.float64], positive: int) -> Integers:
    """The buckets of the scores of a classification's `answers`, (n, classes)."""
    return probable(answers[:, positive] if answers.shape[1] == _TWO else answers.max(axis=1))


def confidence(buckets: Integers, right: NDArray[np.bool_]) -> Confidence:
    """The confidence of a version whose answers, in order of time, have scores in `buckets`; at least one."""
    ordered = np.sort(buckets)
    starts = np.unique(ordered[np.arange(BINS) * len(ordered) // BINS])
    place = np.searchsorted(starts, buckets, side="right") - 1
    rows, rights = np.bincount(place), np.bincount(place, right)
    bins = [Bin(*map(int, one)) for one in zip(starts, rows, rights, strict=True)]
    share = rights / rows
    parts = np.array_split(place, PARTS) if len(place) >= PARTS * LEAST_PART else [place]
    return Confidence(bins, round(min(float(share[part].mean()) for part in parts), _DIGITS))


def accuracy_estimate(known: Confidence, buckets: Integers, least_effect: float) -> Finding:
    """Whether the accuracy is estimated lower than on the holdout; `buckets` are the window's scores."""
    now = known.binned(buckets)
    estimated, was = _mean(known, now), _mean(known, known.rows)
    words = f"accuracy estimated from confidence {percent(estimated)}, was {percent(was)} on the holdout"
    lower = now.any() and estimated < min(was, known.lowest)
    found = Comparison(_chance(known, now), _distance(estimated, was)) if lower else NOTHING
    return Finding("score", DETECTOR, None, found, least_effect, words)


def _mean(known: Confidence, rows: NDArray[np.float64]) -> float:
    return float(rows @ known.right / max(rows.sum(), 1))


def _chance(known: Confidence, now: NDArray[np.float64]) -> float:
    """How probable a difference down to the one that is there would be by chance."""
    right, difference, variance = known.right, _mean(known, now) - _mean(known, known.rows), 0.0
    for rows in (now, known.rows):
        variance += float(rows @ (right - _mean(known, rows)) ** 2 / rows.sum() ** 2)
    apart = now / now.sum() - known.rows / known.rows.sum()
    variance += float(np.sum(apart**2 * right * (1 - right) / known.rows))
    return float(scipy.special.ndtr(difference / math.sqrt(variance))) if variance else 0.0


def _distance(one: float, other: float) -> float:
    """Jensen's and Shannon's, in bits, between two shares."""
    p, q = np.array([one, 1 - one]), np.array([other, 1 - other])
    entr = scipy.special.entr
    divergence = float(np.sum(entr((p + q) / 2)) - np.sum(entr(p) + entr(q)) / 2)
    return math.sqrt(max(divergence, 0.0) / math.log(2))
