"""Services that stand still and come back when their partitions are another's; rebalances."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from faults.fleet import Service
from faults.launcher import Fault
from faults.rig import Rig
from faults.scene import ONE_EACH, TWO_EACH, Scene
from faults.table import Row, row
from faults.watching import Recovery

TRANSACTION_SECONDS = 10
SHORT: dict[str, int | float] = {
    "transport.transaction.TRANSACTION_TIMEOUT_MS": TRANSACTION_SECONDS * 1000,
    "consumers.monitor_service._TRANSACTION_TIMEOUT_MS": TRANSACTION_SECONDS * 1000,
}
"""A minute otherwise. The broker looks for transactions that are over their time every ten seconds."""
ABORTED_SECONDS = TRANSACTION_SECONDS + 12
POLL_SECONDS, SLEEP_SECONDS = 7, 12
SLOW: dict[str, int | float] = {"consumers.intake._MAX_POLL_INTERVAL_MS": POLL_SECONDS * 1000}
REBALANCE_SECONDS = 2
BEFORE_OFFSETS = "before offsets"
TAKEN_OVER = "has taken this slot over"

Found = dict[str, list[Recovery]]
"""Service → its recoveries."""


def zombies(rig: Rig) -> Iterator[Row]:
    """Stopped in mid-transaction for longer than its session: another takes over, and it wakes up."""
    found: Found = {}
    with Scene(
        rig.kafka, 21, services=TWO_EACH, constants=SHORT, faults=_first(BEFORE_OFFSETS, "stop")
    ) as scene:
        for _ in range(rig.repeated(1, 5)):
            hit = _stopped(scene)
            for service, since in hit:
                found.setdefault(service.name, []).append(scene.recovering(service, since))
            _await(scene, found)
            for service, _since in hit:
                service.send(signal.SIGCONT)
            _await(scene, {s.name: [scene.following(s.name, time.time())] for s, _ in hit})
        verdict = scene.verdict()
    for name, recoveries in found.items():
        yield row(f"{name}: SIGSTOP in mid-transaction, a rival, SIGCONT (transaction timeout 10 s)", verdict,
                  len(recoveries), _seconds(recoveries))  # fmt: skip


def replaced(rig: Rig) -> Iterator[Row]:
    """Stopped in mid-transaction, another process in its slot, then it wakes up: it must end."""
    said: dict[str, list[str]] = {}
    found: Found = {}
    with Scene(rig.kafka, 22, constants=SHORT, faults=_first(BEFORE_OFFSETS, "stop")) as scene:
        older = [(service, service.process, since) for service, since in _stopped(scene)]
        for service, _, since in older:
            scene.start(service)
            found.setdefault(service.name, []).append(scene.recovering(service, since))
        _await(scene, found)
        for service, process, _ in older:
            process.send_signal(signal.SIGCONT)
            code = process.wait(60)
            words = service.log.read_text(errors="replace")
            if code != 1 or TAKEN_OVER not in words:
                said.setdefault(service.name, []).append(f"the older process ended with {code}")
        verdict = scene.verdict()
    for name, recoveries in found.items():
        made = row(f"{name}: SIGSTOP in mid-transaction, replaced in its slot, SIGCONT", verdict, 1,
                   _seconds(recoveries), f"holds; the older ends: … {TAKEN_OVER}")  # fmt: skip
        made.troubles = [*made.troubles, *said.get(name, [])]
        yield made


def stalls(rig: Rig) -> Iterator[Row]:
    """Stopped for longer than its transaction may last, with no rival."""
    found: Found = {}
    with Scene(rig.kafka, 23, constants=SHORT, faults=_first(BEFORE_OFFSETS, "stop")) as scene:
        hit = _stopped(scene)
        time.sleep(ABORTED_SECONDS)
        for service, _ in hit:
            since = service.send(signal.SIGCONT)
            found.setdefault(service.name, []).append(scene.recovering(service, since))
        _await(scene, found)
        verdict = scene.verdict()
    for name, recoveries in found.items():
        yield row(
            f"{name}: SIGSTOP past its transaction's timeout (10 s), SIGCONT",
            verdict,
            1,
            _seconds(recoveries),
        )


def slow(rig: Rig) -> Iterator[Row]:
    """A turn that takes longer than max.poll.interval: the group gives its partitions away."""
    found: Found = {}
    faults = _first("computed", f"sleep:{SLEEP_SECONDS}")
    with Scene(rig.kafka, 24, services=TWO_EACH, constants=SLOW, faults=faults) as scene:
        for service in _zeroth(scene):
            service.send(signal.SIGUSR1)
            found.setdefault(service.name, []).append(scene.recovering(service, service.asleep()))
        _await(scene, found)
        time.sleep(SLEEP_SECONDS)
        _await(scene, {s.name: [scene.following(s.name, time.time())] for s in _zeroth(scene)})
        verdict = scene.verdict()
    for name, recoveries in found.items():
        yield row(f"{name}: a turn of {SLEEP_SECONDS} s, max.poll.interval {POLL_SECONDS} s", verdict, 1,
                  _seconds(recoveries))  # fmt: skip


def rebalances(rig: Rig) -> Iterator[Row]:
    """A further scorer and a further joiner come and go every two seconds."""
    times = rig.repeated(30, 150)
    with Scene(rig.kafka, 25, services=ONE_EACH) as scene:
        for number in range(times):
            with ExitStack() as guests:
                failures = [guests.enter_context(scene.stream.scorer(2 + number % 4)),
                            guests.enter_context(scene.stream.joiner(2 + number % 4))]  # fmt: skip
                time.sleep(REBALANCE_SECONDS)
                scene.check()
            assert failures == [[], []], failures
        since = time.time()
        last = [scene.following(name, since) for name in ("scorer", "joiner", "monitor")]
        for recovery in last:
            scene.moved(recovery)
        verdict = scene.verdict()
    yield row(f"a further scorer and joiner every {REBALANCE_SECONDS} s", verdict, times, _seconds(last))


def _first(point: str, act: str) -> dict[str, Fault]:
    return {f"{name}-0": Fault(point, act) for name, _ in ONE_EACH}


def _zeroth(scene: Scene) -> list[Service]:
    return [service for service in scene.services.values() if service.slot == 0]


def _stopped(scene: Scene) -> list[tuple[Service, float]]:
    """Each service's slot 0, which stands still in mid-transaction, and since when."""
    for service in _zeroth(scene):
        service.send(signal.SIGUSR1)
    return [(service, service.stopped()) for service in _zeroth(scene)]


def _await(scene: Scene, found: Found) -> None:
    for recoveries in found.values():
        for recovery in recoveries:
            scene.moved(recovery)


def _seconds(recoveries: Sequence[Recovery]) -> list[float]:
    return [recovery.seconds or 0.0 for recovery in recoveries]
