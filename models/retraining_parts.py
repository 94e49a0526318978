"""Which labelled events a retrain learns from, and which judge what it learned."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from events.errors import ScoreloopError

LEAST_GATE = 50
"""Labelled events in the gate part, at least."""
LEAST_SEARCH = 200
"""Rows since the change from which the search rests on them alone."""
WINDOWS = (500, 2_000, 5_000)
"""Rows to learn from, beside those since the change and all."""


class NotBetterError(ScoreloopError):
    """The labelled events give no challenger that is better than the champion; the sentence says why."""


@dataclass(frozen=True)
class Parts:
    """Which rows are for what, by position: the gate part goes from `gate` to the end."""

    since: int | None
    """The first row after the change, or after what the champion learned; None where neither is known."""
    gate: int
    mark: str = "the change"
    """What `since` is counted from."""

    @property
    def windows(self) -> dict[int, str]:
        """First row → name, of each distinct window to learn from; all end where the gate part begins."""
        named = [(max(0, self.gate - size), f"the newest {size:,}") for size in WINDOWS]
        if self.since is not None and self.since < self.gate:
            named.insert(0, (self.since, f"those since {self.mark}"))
        distinct: dict[int, str] = {}
        for begin, name in (*named, (0, "all")):
            distinct.setdefault(begin, name)
        return distinct

    @property
    def search(self) -> int:
        """The first row that the search rests on."""
        if self.since is not None and self.gate - self.since >= LEAST_SEARCH:
            return max(self.since, self.gate - WINDOWS[-1])
        return max(0, self.gate - WINDOWS[1])


def split(
    ts: Sequence[int], change_ts: int | None, holdout: float, learned_until: int | None = None
) -> Parts:
    """The parts of rows whose times are `ts`, in order.

    The gate part holds none that the champion learned from, which are those up to `learned_until`.

    Raises:
        NotBetterError: fewer than `LEAST_GATE` would be in the gate part, or none would come before it.
    """
    unseen = 0 if learned_until is None else bisect_right(ts, learned_until)
    since = unseen or None if change_ts is None else bisect_left(ts, change_ts)
    mark = "the change" if change_ts is not None else "the champion learned"
    rows = len(ts) - (since or 0)
    size = min(round(rows * holdout), len(ts) - unseen)
    if size < LEAST_GATE:
        which = "" if since is None else f" since {mark}"
        seen = "" if unseen <= (since or 0) else f", of which the champion has seen {unseen - (since or 0)}"
        raise NotBetterError(
            f"too few labelled events: {rows}{which}{seen}, needs {ceil(LEAST_GATE / holdout)} for a gate of "
            f"{LEAST_GATE}"
        )
    return Parts(since, len(ts) - size, mark)
