"""A service in the foreground: it ends cleanly on Ctrl-C, SIGTERM, or the end of the process that started it.

The work runs in a thread of its own, because the main thread has to hear signals while a call into the
Kafka client blocks, as a commit does for as long as the broker does not answer.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from threading import Event, Thread
from types import FrameType

import click

GRACE_SECONDS = 8.0
"""How long a service may take to end; then the broker aborts what it left open."""

_LOOK_SECONDS = 0.2


def run_until_stopped(work: Callable[[Event], object], *, until_stdin_closes: bool = False) -> None:
    """Run `work`, whose argument is set when it has to stop; its exception is raised here."""
    stop = Event()
    _set_on_signals(stop)
    if until_stdin_closes:
        threading.Thread(target=_set_at_end_of_stdin, args=(stop,), daemon=True).start()
    failures: list[BaseException] = []
    thread = Thread(target=_caught, args=(work, stop, failures), daemon=True)
    thread.start()
    while thread.is_alive() and not stop.is_set():
        thread.join(_LOOK_SECONDS)
    thread.join(GRACE_SECONDS)
    if thread.is_alive():
        click.echo(
            f"scoreloop: not ended in {GRACE_SECONDS:.0f} s, ending now; nothing is lost: the broker aborts "
            "the open transaction and its records are read again",
            err=True,
        )
        sys.stderr.flush()
        os._exit(1)
    if failures:
        raise failures[0]


def log_to_stderr() -> None:
    """Send the services' log lines to standard error."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _set_on_signals(stop: Event) -> None:
    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def _set_at_end_of_stdin(stop: Event) -> None:
    """A parent that was killed without a word closes the pipe all the same."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()


def _caught(work: Callable[[Event], object], stop: Event, failures: list[BaseException]) -> None:
    try:
        work(stop)
    except BaseException as error:  # noqa: BLE001 (raised again by the main thread)
        failures.append(error)
