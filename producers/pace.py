"""How fast events go out: evenly, whatever holds them up."""

_BURST_SECONDS = 0.1


class Pace:
    """A deadline for each event, `1 / rate` seconds after the one before.

    After a stall the late events follow at once, but no more than 100 ms worth of them: what was lost beyond
    that is not made up. The clock is the caller's: any that never goes back, in seconds.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._step = 1 / rate
        self._due = now

    def wait(self, now: float) -> float:
        """The seconds until the next event may go out; zero or less when it may now."""
        return self._due - now

    def sent(self, now: float) -> None:
        """An event has gone out."""
        self._due = max(self._due, now - _BURST_SECONDS) + self._step
