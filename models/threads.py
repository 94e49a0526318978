"""One thread where the number of threads could show in an answer's last bits."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Literal

import sklearn.ensemble  # noqa: F401 (loads the libraries whose threads are limited)
from threadpoolctl import ThreadpoolController


def one_thread(of: Literal["blas", "openmp"] | None = None) -> AbstractContextManager[Any]:
    """While it lasts this process runs BLAS, OpenMP, or both, in one thread.

    BLAS adds up in another order with another number of threads. Histogram boosting answers the same by any
    number, and is quicker with more.
    """
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api=of)
    return limited


@cache
def _controller() -> ThreadpoolController:
    """Finding the libraries takes milliseconds, limiting them microseconds."""
    return ThreadpoolController()
