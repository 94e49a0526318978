"""What is looked at every few seconds of a soak: the memory of each process, and each service's lag."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread

from soak.processes import resident

from console.service_facts import services
from events.errors import ScoreloopError
from events.settings import Settings
from transport import clients

EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Sample:
    """One look."""

    seconds: float
    """Since the load began."""
    memory: dict[str, tuple[int, int]]
    """Process → its id, which another run of the same slot does not share, and its resident bytes."""
    lags: dict[str, int]
    """Service → records that it has not read yet; empty where no answer came.

    The transaction of a process that was killed keeps its group's offsets from being told for a while.
    """


class Sampler(Thread):
    """Looks at `processes` (name → process id) and at the services' lags until `stop` is set."""

    def __init__(self, settings: Settings, processes: Callable[[], Mapping[str, int]], stop: Event) -> None:
        super().__init__(name="sampler", daemon=True)
        self.samples: list[Sample] = []
        self.failure: Exception | None = None
        self._settings = settings
        self._client = clients.admin(settings.kafka)
        self._processes = processes
        self._stop_asked = stop
        self._began = time.monotonic()

    def run(self) -> None:
        """Look, and wait."""
        try:
            while not self._stop_asked.wait(EVERY_SECONDS):
                self.samples.append(self._sample())
        except Exception as error:  # noqa: BLE001 (the main thread tells of it)
            self.failure = error

    def _sample(self) -> Sample:
        memory = {
            name: (pid, held)
            for name, pid in self._processes().items()
            if (held := resident(pid)) is not None
        }
        return Sample(time.monotonic() - self._began, memory, self._lags())

    def _lags(self) -> dict[str, int]:
        try:
            found = services(self._client, self._settings, time.time_ns() // 1_000_000)
        except ScoreloopError:
            return {}
        return {service: facts.lag for service, facts in found.items()}
