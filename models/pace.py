"""How often the monitor may ask for a retrain: a token bucket, filled by events and not by the clock.

Drift that never rests keeps every alarm on; the pace then is what decides. Events are counted, and not
labels, of which some never come: the loop would act the more seldom the more are missing. Waiting is the
dearer the more the error has risen: what is lost between two retrains at the best interval for a loss of h an
event goes with the square root of h (Harris, "How many parts to make at once", 1913), so while an alarm is on
labelled events count √(error / what was expected at most) times.
"""

from msgspec import Struct

BURST = 2
"""Retrains that may come one after the other: a first one after a change, and soon a better one."""


class Pace(Struct):
    """The credit, in events."""

    every: int
    """Events for each retrain."""
    credit: float

    @classmethod
    def begun(cls, every: int) -> "Pace":
        """A full bucket."""
        return cls(every, BURST * every)

    @property
    def ready(self) -> bool:
        """Whether a retrain may be asked for."""
        return self.credit >= self.every

    def take(self, events: float) -> None:
        """So many events have gone by."""
        self.credit = min(self.credit + events, BURST * self.every)

    def spend(self) -> None:
        """A retrain was carried out; one that nobody waited for is owed."""
        self.credit -= self.every
