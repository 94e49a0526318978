"""A stream under load with its services as processes and a reader beside it, until the verdict."""

import random
import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from faults.fleet import NO_FAULT, Service
from faults.judging import Verdict, judged
from faults.launcher import Fault
from faults.load import HORIZON, PARTITIONS, Load, Plan
from faults.watching import Recovery, Watcher
from streams import CLASSES, Stream, until

from events.settings import Kafka
from producers.finish import finish

FINISH_SECONDS = 150.0
UP_PAUSE_SECONDS = 0.5
BODY = (
    'scoring.batch_wait = "50ms"\n'
    'windows = { length = "240m", bucket = "60m", segments = ["country"] }\nmonitor.running_every = "200ms"\n'
    'training.families = ["linear"]\njoining = { memory_entries = 150, park_after = 120 }\n'
    + CLASSES.replace('classes = ["fraud", "ok"]', f'classes = ["fraud", "ok"]\nhorizon = "{HORIZON}m"')
)
"""Windows that become final on the way; little memory, so that the joiner parks and goes to disk; few and
full turns, each of which costs the broker a dozen writes."""
ONE_EACH = (("scorer", 0), ("joiner", 0), ("monitor", 0))
TWO_EACH = (("scorer", 0), ("scorer", 1), ("joiner", 0), ("joiner", 1), ("monitor", 0), ("monitor", 1))


class Scene:
    """Begins when all services have moved, ends with `verdict`; nothing of it runs on after `with`."""

    def __init__(
        self, kafka: Kafka, seed: int, plan: Plan | None = None, *, body: str = BODY,
        services: Sequence[tuple[str, int]] = ONE_EACH, constants: dict[str, int | float] | None = None,
        faults: dict[str, Fault] | None = None, supervised: bool = False,
    ) -> None:  # fmt: skip
        self.chance = random.Random(seed)
        self._ended = ExitStack()
        folder = Path(self._ended.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        self.stream = Stream(kafka, folder, body)
        self.constants = constants or {}
        self._faults = faults or {}
        self._supervised = supervised
        self.gave_up: list[str] = []
        """The last words of each service that ended by itself and was started again, as `up` does."""
        self.services = {f"{name}-{slot}": Service(self.stream, name, slot) for name, slot in services}
        self.load = Load(self.stream, plan or Plan(seed))
        self.recoveries: list[Recovery] = []
        self.kills = 0
        everywhere = set(range(PARTITIONS))
        self._places = {"scorer": everywhere - self.load.plan.idle, "joiner": everywhere, "monitor": {0}}

    def __enter__(self) -> Self:
        try:
            self.stream.train()
            self.watcher = Watcher(self.stream)
            self.watcher.start()
            self._ended.callback(self.watcher.stop)
            for service in self.services.values():
                self._ended.callback(service.stop)
                self.start(service, self._faults.get(str(service), NO_FAULT))
            self._ended.callback(self.load.end)
            self.load.start()
            for name in {service.name for service in self.services.values()} - {"trainer"}:
                self.moved(self.following(name, 0))
        except BaseException:
            self._ended.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.close()

    def start(self, service: Service, fault: Fault = NO_FAULT) -> None:
        """A new process in the slot, with this scene's constants."""
        service.start(Fault(fault.point, fault.act, fault.lit, self.constants, fault.training_bytes))

    def recovering(self, service: Service, since: float) -> Recovery:
        """What follows from a fault that came over `service` at `since`."""
        self.recoveries.append(self.following(service.name, since))
        return self.recoveries[-1]

    def following(self, name: str, since: float) -> Recovery:
        """When a service has moved everywhere after `since`, by the watcher."""
        return self.watcher.recovering(name, since, self._places[name])

    def moved(self, recovery: Recovery) -> None:
        """Wait for a recovery."""

        def found() -> bool | None:
            self.check()
            return True if recovery.seconds is not None else None

        until(found, f"{recovery.service} to move on in {recovery.missing}")

    def check(self) -> None:
        """Whether what has ended was killed by us; where `up` would, start again what has given up."""
        for service in self.services.values():
            code = None if service.alive else service.process.returncode
            if code == 1 and self._supervised:
                self.gave_up.append(f"{service.name}: {service.last_words(1)}")
                time.sleep(UP_PAUSE_SECONDS)
                self.start(service)
            elif code is not None:
                assert code == -signal.SIGKILL, f"{service} ended with {code}: {service.last_words()}"

    def killed_at(self, service: Service, points: Sequence[str]) -> dict[str, list[Recovery]]:
        """Kill `service`, which was started with the first of `points`, at each in turn, under load."""
        found: dict[str, list[Recovery]] = {}
        for point, following in zip(points, [*points[1:], None], strict=True):
            time.sleep(self.chance.uniform(0, 0.3))
            service.send(signal.SIGUSR1)
            found.setdefault(point, []).append(self.again(service, service.died(), Fault(following)))
        return found

    def killed_starting(self, service: Service, point: str) -> Recovery:
        """Kill `service`, and again while it starts; the recovery is from the second kill.

        After a whole horizon of events, so that it has something to restore of each kind.
        """
        self.await_sent(HORIZON)
        service.kill()
        self.kills += 1
        self.start(service, Fault(point, lit=True))
        return self.again(service, service.died())

    def again(self, service: Service, since: float, fault: Fault = NO_FAULT) -> Recovery:
        """Start a killed `service` again, and wait until it moves."""
        self.kills += 1
        self.start(service, fault)
        recovery = self.recovering(service, since)
        self.moved(recovery)
        return recovery

    def settled(self) -> None:
        """End the load, declare the end, and wait until everything is settled."""
        self.load.end()
        until_time = time.monotonic() + FINISH_SECONDS

        def late() -> bool:
            self.check()
            return time.monotonic() > until_time

        said = {str(service): service.last_words() for service in self.services.values()}
        assert finish(self.stream.settings, late, lambda _: None), f"the finish did not come: {said}"

    def verdict(self) -> Verdict:
        """Settle everything, stop, and judge."""
        self.settled()
        for service in self.services.values():
            service.stop()
        return judged(self.stream, self.load, self.watcher)

    def await_sent(self, more: int) -> None:
        """Until so many more events were sent."""
        wanted = self.load.sent + more
        until(lambda: True if self.load.sent >= wanted else None, f"{more} events")
