"""The live table of `up`: what each child is, and what the cluster knows of it."""

from collections.abc import Sequence
from threading import Event, Thread
from typing import Protocol

from rich.table import Table

from console.facts import Facts, WorkerFacts, facts
from events import topics
from events.errors import ScoreloopError
from events.settings import Settings
from transport import clients

EVERY_SECONDS = 2.0


class Supervised(Protocol):
    """What the table needs to know of a child."""

    name: str
    restarts: int

    @property
    def pid(self) -> int | None: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102


class Overview(Thread):
    """Asks the cluster for the stream's facts every two seconds, beside the supervision, never in its way."""

    def __init__(self, settings: Settings, children: Sequence[Supervised]) -> None:
        super().__init__(name="overview", daemon=True)
        self._settings = settings
        self._children = children
        self._facts: Facts | None = None
        self._trouble = ""
        self._stopping = Event()

    def run(self) -> None:
        """Ask until `close`."""
        client = clients.admin(self._settings.kafka)
        while not self._stopping.is_set():
            try:
                self._facts, self._trouble = facts(client, self._settings), ""
            except ScoreloopError as error:
                self._trouble = str(error)
            self._stopping.wait(EVERY_SECONDS)

    def close(self) -> None:
        """Stop asking; an answer under way is not waited for."""
        self._stopping.set()

    def table(self) -> Table:
        """The newest state of each child."""
        table = Table(title=self._title(), title_justify="left", caption=self._trouble or None)
        for column in ("service", "process", "state", "restarts", "epoch", "champion", "says"):
            table.add_column(column)
        known = {} if self._facts is None else self._workers(self._facts)
        for child in self._children:
            table.add_row(*_row(child, known.get(child.name)))
        return table

    def _title(self) -> str:
        if self._facts is None:
            return self._settings.name
        lag = self._facts.services[topics.SCORER].lag
        return f"{self._settings.name} at {self._settings.kafka.bootstrap_servers}: {lag} events wait"

    @staticmethod
    def _workers(known: Facts) -> dict[str, WorkerFacts]:
        return {worker.worker: worker for worker in known.services[topics.SCORER].workers}


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
        worker.error or "",
    )
