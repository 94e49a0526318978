"""Which labelled events a retrain learns from, and which judge what it learned."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from events.errors import ScoreloopError

LEAST_GATE = 50
"""Labelled events in the gate part, at least."""
LEAST_SEARCH = 200
"""Rows since the change from which the search rests on them alone."""
WINDOWS = (2_000, 5_000)
"""Rows to learn from, beside those since the change and all."""


class NotBetterError(ScoreloopError):
    """The labelled events give no challenger that is better than the champion; the sentence says why."""


@dataclass(frozen=True)
class Parts:
    """Which rows are for what, by position: the gate part goes from `gate` to the end."""

    since: int | None
    """The first row after the change; None where no change is known of."""
    gate: int

    @property
    def windows(self) -> dict[int, str]:
        """First row → name, of each distinct window to learn from; all end where the gate part begins."""
        named = [(max(0, self.gate - size), f"the newest {size:,}") for size in WINDOWS]
        if self.since is not None and self.since < self.gate:
            named.insert(0, (self.since, "those since the change"))
        distinct: dict[int, str] = {}
        for begin, name in (*named, (0, "all")):
            distinct.setdefault(begin, name)
        return distinct

    @property
    def search(self) -> int:
        """The first row that the search rests on."""
        if self.since is not None and self.gate - self.since >= LEAST_SEARCH:
            return self.since
        return max(0, self.gate - WINDOWS[0])


def split(ts: Sequence[int], change_ts: int | None, holdout: float) -> Parts:
    """The parts of rows whose times are `ts`, in order.

    Raises:
        NotBetterError: fewer than `LEAST_GATE` would be in the gate part, or none would come before it.
    """
    since = None if change_ts is None else bisect_left(ts, change_ts)
    rows = len(ts) - (since or 0)
    if (size := round(rows * holdout)) < LEAST_GATE:
        which = "" if since is None else " since the change"
        raise NotBetterError(
            f"too few labelled events: {rows}{which}, needs {ceil(LEAST_GATE / holdout)} for a gate of "
            f"{LEAST_GATE}"
        )
    return Parts(since, len(ts) - size)
