"""The live table of `up`: what each child is, and what the cluster knows of it."""

import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Protocol

from rich.table import Table

from console.service_facts import ServiceFacts, services
from console.workers import WorkerFacts
from events import topics
from events.errors import ScoreloopError
from events.settings import Settings
from transport import clients

EVERY_SECONDS = 2.0
REST = 10
"""How many times as long as an answer took to wait for the next question."""


class Supervised(Protocol):
    """What the table needs to know of a child."""

    name: str
    restarts: int

    @property
    def pid(self) -> int | None: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102


class Overview(Thread):
    """Asks the cluster how the services are, beside the supervision, never in its way."""

    def __init__(self, settings: Settings, children: Sequence[Supervised]) -> None:
        super().__init__(name="overview", daemon=True)
        self._settings = settings
        self._children = children
        self._services: dict[str, ServiceFacts] = {}
        self._trouble = ""
        self._stopping = Event()

    def run(self) -> None:
        """Ask until `close`; the more there is to read, the more seldom."""
        client = clients.admin(self._settings.kafka)
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._services = services(client, self._settings, time.time_ns() // 1_000_000)
                self._trouble = ""
            except ScoreloopError as error:
                self._trouble = str(error)
            self._stopping.wait(max(EVERY_SECONDS, REST * (time.monotonic() - began)))

    def close(self) -> None:
        """Stop asking; an answer under way is not waited for."""
        self._stopping.set()

    def table(self) -> Table:
        """The newest state of each child."""
        table = Table(title=self._title(), title_justify="left", caption=self._trouble or None)
        for column in ("service", "process", "state", "restarts", "epoch", "champion", "says"):
            table.add_column(column)
        known = {worker.worker: worker for of in self._services.values() for worker in of.workers}
        for child in self._children:
            table.add_row(*_row(child, known.get(child.name)))
        return table

    def _title(self) -> str:
        if not self._services:
            return self._settings.name
        lag = self._services[topics.SCORER].lag
        return f"{self._settings.name} at {self._settings.kafka.bootstrap_servers}: {lag:,} events wait"


def _row(child: Supervised, worker: WorkerFacts | None) -> tuple[str, ...]:
    running = child.pid is not None
    state = worker.state if running and worker is not None else child.state
    if worker is None:
        return child.name, str(child.pid or "-"), state, str(child.restarts), "-", "-", ""
    return (
        child.name,
        str(child.pid or "-"),
        state,
        str(child.restarts),
        str(worker.epoch or "-"),
        str(worker.champion or "-"),
        worker.error or worker.detail or "",
    )
