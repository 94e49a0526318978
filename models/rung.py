"""An alarm that has rung: what was measured since the change, and when a retrain is due for it.

Few labels since a change make a poor model soon, many a good one late. So a first retrain comes soon, and
the next each time there are a third more labels, or `first` more: with a quarter of them as the gate part
each is judged on labels that the one before it has not seen. A version that halves the error mends the
change; it is followed by one retrain on `ENOUGH` labels. One that does not was trained while the world was
still changing, and the schedule goes on.
"""

import math

from msgspec import Struct

ENOUGH = 1_000
"""Labels since the change at which a version that mends it is followed by the last retrain for it."""
OVER = 4_000
"""Labels since the change after which a promoted version is followed by none: challengers do better."""


class Rung(Struct):
    """An alarm that has rung, and what was asked for since."""

    alarm_id: str
    change_ts: int
    labels: int
    """Since the change."""
    total: float
    """Of their losses, scaled to [0, 1], as long as that champion serves."""
    asked: int = 0
    """How many decisions."""
    next_at: int = 0
    """Labels since the change at which a retrain is asked for again."""
    mended: bool = False
    """Whether the version that was promoted for it halved the error."""
    over: bool = False
    """Whether nothing is left to do."""
    limit: float = 1.0
    """The mean loss that was expected at most, before the change."""
    newest: float = 0.0
    """The mean loss in the newest bucket."""

    @property
    def urgency(self) -> float:
        """How many events one counts for until the next retrain, at least 1.

        What is lost between two retrains, at the best interval for a loss of h an event, goes with √h
        (Harris, "How many parts to make at once", 1913).
        """
        return 1.0 if self.over else max(math.sqrt(self.newest / self.limit), 1.0)

    def ask(self, first: int) -> None:
        """A retrain is asked for, or what comes before it."""
        self.asked += 1
        self.next_at = first if self.labels < first else self.labels + max(first, self.labels // 3)

    def follow(self, *, mended: bool) -> None:
        """Another version was promoted for it, or at least after it."""
        if self.over:
            return
        self.mended = mended
        if mended:
            self.next_at = ENOUGH
        self.over = self.labels >= (ENOUGH if mended else OVER)

    def followed(self, first: int) -> None:
        """A retrain is asked for after the one that led to a promotion."""
        self.ask(first)
        self.over = self.mended or self.labels >= OVER

    def resume(self) -> None:
        """The version that was promoted was no better: the world has changed all the same."""
        self.mended = self.over = False
        self.next_at = self.labels
