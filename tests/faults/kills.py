"""Scorer, joiner and monitor killed at named points, and all of them at random."""

import random
import signal
import time
from collections.abc import Iterator, Sequence

from faults.fleet import Service
from faults.launcher import Fault
from faults.points import RESTORING, TURN
from faults.rig import Rig
from faults.scene import BODY, TWO_EACH, Scene
from faults.table import Row, row


def killed_at_points(rig: Rig, name: str, seed: int) -> Iterator[Row]:
    """A service is killed at each point of a turn, and while it restores what it knows."""
    points = [point for _ in range(rig.repeated(1, 10)) for point in TURN]
    starting = [point for point in RESTORING if point.startswith(name)]
    with Scene(rig.kafka, seed, faults={f"{name}-0": Fault(points[0])}) as scene:
        service = scene.services[f"{name}-0"]
        found = scene.killed_at(service, points)
        for point in starting * rig.repeated(1, 10):
            found.setdefault(point.removeprefix(f"{name} "), []).append(scene.killed_starting(service, point))
        verdict = scene.verdict()
    for point, recoveries in found.items():
        seconds = [recovery.seconds or 0.0 for recovery in recoveries]
        yield row(f"{name}: {point}", verdict, len(recoveries), seconds)


def scorer(rig: Rig) -> Iterator[Row]:
    """The scorer at each point."""
    yield from killed_at_points(rig, "scorer", 1)


def joiner(rig: Rig) -> Iterator[Row]:
    """The joiner at each point."""
    yield from killed_at_points(rig, "joiner", 2)


def monitor(rig: Rig) -> Iterator[Row]:
    """The monitor at each point."""
    yield from killed_at_points(rig, "monitor", 3)


def at_random(rig: Rig) -> Iterator[Row]:
    """Two of each, and one to all of them are killed at once, at random times."""
    for seed in range(11, 11 + rig.repeated(1, 5)):
        chance = random.Random(seed)
        with Scene(rig.kafka, seed, services=TWO_EACH) as scene:
            for _ in range(rig.repeated(6, 20)):
                time.sleep(chance.uniform(0.2, 2))
                killed_at_once(
                    scene,
                    chance.sample(list(scene.services.values()), chance.randint(1, len(scene.services))),
                )
            verdict = scene.verdict()
        yield row(
            f"scorers, joiners and monitors at random, some at once (seed {seed})",
            verdict,
            scene.kills,
            [recovery.seconds or 0.0 for recovery in scene.recoveries],
        )


def brokers_groups(rig: Rig) -> Iterator[Row]:
    """Groups that the brokers keep, whose sessions are the brokers' own 45 s and have no static members."""
    with Scene(rig.kafka, 14, body=f'kafka.group_protocol = "consumer"\n{BODY}') as scene:
        for _ in range(rig.repeated(1, 5)):
            killed_at_once(scene, list(scene.services.values()))
        verdict = scene.verdict()
    yield row(
        "scorer, joiner and monitor at once, group.protocol=consumer",
        verdict,
        scene.kills,
        [recovery.seconds or 0.0 for recovery in scene.recoveries],
    )


def killed_at_once(scene: Scene, services: Sequence[Service]) -> None:
    """Kill these, start them again, and wait until they all move."""
    for service in services:
        service.send(signal.SIGKILL)
    since = time.time()
    scene.kills += len(services)
    for service in services:
        service.process.wait()
        scene.start(service)
    for recovery in [scene.recovering(service, since) for service in services]:
        scene.moved(recovery)
