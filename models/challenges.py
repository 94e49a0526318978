"""Challengers that no alarm asked for: for drift too gradual, or too small, for the alarm.

The champion is challenged when it has served for some labels, and each time it was not beaten after twice as
many again, up to eight times the first number. A challenger has to be better by evidence, of which all those
of one champion together are wrong with probability at most `alpha`: `models.non_inferiority.level` is what
the j-th has of it.
"""

from msgspec import Struct

from models.non_inferiority import level

MOST = 8
"""Times the first interval, that the longest is."""


class Challenges(Struct):
    """Those of one champion."""

    labels: int = 0
    """Labelled events since the last training that was asked for."""
    number: int = 0
    """How many there were."""

    def due(self, first: int) -> bool:
        """Whether the next is, `first` being the first interval; 0 for never."""
        return 0 < first * min(1 << self.number, MOST) <= self.labels

    def ask(self, alpha: float) -> float:
        """The next is asked for; how probable its promotion may be where it is no better."""
        self.labels = 0
        self.number += 1
        return level(self.number, alpha)
