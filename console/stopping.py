"""A polite end: the first Ctrl-C or SIGTERM asks the work to stop, the second ends it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether a signal has come. Signals do what they did before from then on."""
    heard = False
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _SIGNALS}

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal heard
        heard = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield lambda: heard
    finally:
        restore()
