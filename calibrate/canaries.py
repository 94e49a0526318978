"""Two versions on the same events: verdicts as the loop gives them, and a test that is peeked at."""

from functools import cache
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from events.settings import Decisions
from models import paired
from models.trial import Trial

EVENTS, LOOK = 6_000, 25
"""Of a canary, and how many in a bucket."""
APART = 0.10
"""The share of events on which the two differ."""
DECISIONS = Decisions(trial=EVENTS)
_CHI_SQUARE = 3.841458820694124
"""Its 95 % point, with one degree of freedom: McNemar's test at 5 %."""


class Canary(NamedTuple):
    """What came of one."""

    rolled_back: bool
    """By the paired e-value, looked at after each event."""
    peeked: bool
    """By McNemar's test, looked at after each event."""
    finding: str
    """The verdict of a trial that is looked at after each bucket."""
    labels: int
    """Events at the verdict."""


def canary(excess: float, number: int) -> Canary:
    """The `number`-th whose version's error is larger than the champion's by `excess`."""
    chance = np.random.default_rng([round(1_000 + excess * 1_000), number])
    drawn = chance.random(EVENTS)
    worse, apart = (np.cumsum(drawn < share, dtype=np.int64) for share in ((APART + excess) / 2, APART))
    finding, labels = _verdict(worse, apart)
    return Canary(_rolled_back(worse, apart), _peeked(worse, apart), finding, labels)


def _rolled_back(worse: NDArray[np.int64], apart: NDArray[np.int64]) -> bool:
    pairs = dict.fromkeys(zip(worse.tolist(), apart.tolist(), strict=True))
    return any(_evidence(b, n - b) >= -log(DECISIONS.alpha) for b, n in pairs)


@cache
def _evidence(worse: int, better: int) -> float:
    return paired.evidence(worse, better)


def _peeked(worse: NDArray[np.int64], apart: NDArray[np.int64]) -> bool:
    b, c = worse, apart - worse
    return bool(np.any((b > c) & ((b - c) ** 2 >= _CHI_SQUARE * apart)))


def _verdict(worse: NDArray[np.int64], apart: NDArray[np.int64]) -> tuple[str, int]:
    for labels in range(LOOK, EVENTS + 1, LOOK):
        b, n = int(worse[labels - 1]), int(apart[labels - 1])
        trial = Trial(epoch=1, version=2, champion=1, number=1, worse=b, even=labels - n, better=n - b)
        if (finding := trial.finding(DECISIONS)) is not None:
            return finding, labels
    raise AssertionError("a trial is over when it is long enough")
