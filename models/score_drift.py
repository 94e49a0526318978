"""Has the distribution of a champion's scores moved since it began to serve? As `models.feature_drift`.

A score is the probability of the positive class, with more than two classes the largest probability; of a
regression it is the answer. What they are held against are those of the first stretches that the champion
served. Those on its holdout will not do: a pipeline that learns from the holdout too gives other scores. On
stationary events 96 windows of 100 were odd by these for a decision tree, all of whose few probabilities had
moved a little, and 4 for boosting.
"""

from collections.abc import Sequence

import numpy as np

from events.schema import Label
from models import counts
from models.counts import Integers
from models.feature_drift import ends, most, moved, was
from models.finding import Finding
from models.histograms import BUCKETS, MISSING, SCORE_BINS
from models.shapes import FIRST, OUTSIDE, shaped

DETECTOR = "score-drift"


FIRST_STRETCHES = 4


def score_drift(
    classes: Sequence[Label], first: Sequence[bytes], buckets: Integers, least_effect: float
) -> Finding:
    """The finding; `first` are the counts of the `FIRST_STRETCHES`, `buckets` the window's scores."""
    shape = shaped(np.stack([counts.dense(one, BUCKETS) for one in first]))
    before, now = shape.table(), shape.table_of(buckets)
    found, limit = moved(shape, before, now, least_effect)
    place = most(before, now)
    if place in {MISSING, OUTSIDE}:
        where = "without a probability" if place == MISSING else "outside those that it gave first"
    elif classes:
        one = shape.bins[place - FIRST]
        where = f"from {(one.start - 1) / SCORE_BINS:.2f} to {(one.end - 1) / SCORE_BINS:.2f}"
    else:
        where = ends(shape.bins[place - FIRST])
    return Finding("score", DETECTOR, None, found, limit, f"scores: {was(before, now, place, where)}")
