"""One thread for BLAS and OpenMP: in an answer's last bits more would show, and they wait for each other."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import sklearn.ensemble  # noqa: F401 (loads the libraries whose threads are limited)
from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """While it lasts, this process computes in one thread.

    BLAS adds up in another order with another number of threads, and so on another machine. Histogram
    boosting answers the same by any number; its threads save a third of the time on an idle machine, and
    cost ten times as much where a neighbour, such as the broker, keeps one core busy.
    """
    limited: AbstractContextManager[Any] = _controller().limit(limits=1)
    return limited


@cache
def _controller() -> ThreadpoolController:
    """Finding the libraries takes milliseconds, limiting them microseconds."""
    return ThreadpoolController()
