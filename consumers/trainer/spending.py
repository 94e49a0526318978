"""The time that a search may take: `models` reads no clock."""

import time
from collections.abc import Callable

_SECONDS = 60


def spent_after(minutes: float | None) -> Callable[[], bool]:
    """Whether so many minutes have passed since this call; never where there is no such limit."""
    if minutes is None:
        return lambda: False
    end = time.monotonic() + _SECONDS * minutes
    return lambda: time.monotonic() >= end
