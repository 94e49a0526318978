"""A challenger on trial beside the champion: what both answered, and the verdict on it.

Both have an answer to each event, whoever served it; what counts is on how many of the labelled ones the
challenger's loss was larger, and on how many smaller. Plain numbers, kept as JSON in `internal.windows`.
"""

import math
from typing import Literal

from msgspec import Struct

from events.settings import Decisions
from models import non_inferiority, paired
from models.tallies import Cell, Tally

Finding = Literal["no worse", "worse", "inconclusive"]


class Trial(Struct):
    """One challenger's: it ends with the verdict, or when roles name another champion or no canary."""

    epoch: int
    """Of the roles that it began with."""
    version: int
    champion: int
    number: int
    """The how manieth challenger of that champion it is, from 1."""
    worse: int = 0
    """Labelled events on which its loss was larger than the champion's."""
    even: int = 0
    better: int = 0
    over: bool = False
    """Whether the verdict has been given."""
    waits: bool = False
    """Whether it was found no worse and waits for approval; only that it is worse may be found then."""

    @property
    def compared(self) -> int:
        """Labelled events that both answered."""
        return self.worse + self.even + self.better

    def take(self, cell: Cell, tally: Tally) -> None:
        """The next of the buckets, of whichever version."""
        if cell.model_version == self.version and cell.segment is None:
            self.worse += tally.pairs.get((self.champion, 1), 0)
            self.even += tally.pairs.get((self.champion, 0), 0)
            self.better += tally.pairs.get((self.champion, -1), 0)

    def finding(self, decisions: Decisions) -> Finding | None:
        """The verdict, None while there is none."""
        if self.worth >= self.wanted(decisions.alpha):
            return "worse"
        apart = self.worse + self.better
        if (
            self.wealth(decisions.margin) >= self.wanted_wealth(decisions.alpha)
            and apart >= decisions.least_apart
        ):
            return "no worse"
        return "inconclusive" if self.compared >= decisions.trial else None

    @property
    def worth(self) -> float:
        """Log of the evidence that it is worse than the champion."""
        return paired.evidence(self.worse, self.better)

    def wealth(self, margin: float) -> float:
        """Log of the evidence that it is at most `margin` worse."""
        return non_inferiority.wealth(self.worse, self.even, self.better, margin)

    @staticmethod
    def wanted(alpha: float) -> float:
        """Log of the evidence at which it counts as worse."""
        return -math.log(alpha)

    def wanted_wealth(self, alpha: float) -> float:
        """Log of the evidence at which it is promoted: more, the more challengers were tried before it."""
        return -math.log(non_inferiority.level(self.number, alpha))
