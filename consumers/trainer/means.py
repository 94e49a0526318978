"""What a search of a stream works with: its time, its processes or a Dask cluster, and its journal."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread

from joblib import parallel_config

from consumers.environment import environment
from events.errors import ScoreloopError
from events.settings import Settings
from models.registry import Registry
from models.search import Means

_SECONDS = 60
_ANSWER_SECONDS = 30.0
_LOOK_SECONDS = 1.0


@contextmanager
def means(settings: Settings) -> Iterator[Means]:
    """What a search may use that runs while this lasts.

    Raises:
        ScoreloopError: there is no such Dask cluster, or it is lost meanwhile; or there is no registry.
    """
    training = settings.training
    with _processes() if training.dask is None else _cluster(training.dask):
        yield Means(
            spent=_spent_after(training.minutes),
            processes=training.processes,
            registry=Registry(settings.registry.url),
            environment=environment(),
        )


def _spent_after(minutes: float | None) -> Callable[[], bool]:
    """Whether so many minutes have passed since this call; never where there is no such limit."""
    if minutes is None:
        return lambda: False
    end = time.monotonic() + _SECONDS * minutes
    return lambda: time.monotonic() >= end


def _processes() -> AbstractContextManager[object]:
    found: AbstractContextManager[object] = parallel_config(
        backend="loky", initializer=_begin, initargs=(os.getpid(),)
    )
    return found


def _begin(parent: int) -> None:
    """What a process does first that fits: it ends when its parent does, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[None]:
    """Fits run on the workers of the Dask cluster at `address`."""
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 (the extra `dask`, for who asks for it)
    except ImportError:
        raise ScoreloopError(
            "[training] dask needs Dask, which is not installed: pip install 'scoreloop[dask]'"
        ) from None
    try:
        client = Client(address, timeout=_ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ScoreloopError(
            f"[training] dask: no scheduler answers at {address} ({error}); start `dask scheduler` and `dask "
            "worker`, or leave the setting out"
        ) from None
    try:
        with client, parallel_config(backend="dask", client=client):
            yield
    except (OSError, KilledWorker) as error:
        raise ScoreloopError(
            f"[training] dask: the cluster at {address} was lost in the search, or has no workers ({error}); "
            "what was found is kept for the next try"
        ) from error
