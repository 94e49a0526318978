"""Brokers killed in mid-transaction: the only one, and of three the one that coordinates."""

import os
import signal
import time
from collections.abc import Iterator

from faults.launcher import Fault
from faults.rig import Rig, rigged
from faults.scene import Scene
from faults.stalls import BEFORE_OFFSETS
from faults.table import GREEN, Row, row
from faults.watching import Recovery
from streams import until

from events import topics
from transport import clients

_STATE = "__transaction_state"


def killed(rig: Rig) -> Iterator[Row]:
    """The broker is killed while a service stands in the middle of a transaction, and started again."""
    with rigged(long=rig.long) as one, Scene(one.kafka, 31, supervised=True) as scene:
        found: list[Recovery] = []
        for service in scene.services.values():
            began = service.kill()
            scene.start(service, Fault(BEFORE_OFFSETS, "stop"))
            scene.moved(scene.following(service.name, began))
            service.send(signal.SIGUSR1)
            service.stopped()
            since = _kill(one, 1)
            one.start()
            service.send(signal.SIGCONT)
            found += [scene.recovering(each, since) for each in scene.services.values()]
            for recovery in found:
                scene.moved(recovery)
        verdict = scene.verdict()
    seconds = [recovery.seconds or 0.0 for recovery in found]
    yield row(
        "broker: kill -9 in mid-transaction of each service, started again", verdict, 3, seconds, _says(scene)
    )


def coordinator(rig: Rig) -> Iterator[Row]:
    """Of three brokers the one that coordinates a service's transactions is killed, and comes back later."""
    with rigged(long=rig.long, brokers=3) as three, Scene(three.kafka, 32, supervised=True) as scene:
        found: list[Recovery] = []
        services = list(scene.services.values()) * three.repeated(1, 3)
        for service in services:
            node = _coordinator(three, topics.transactional_id(scene.stream.settings.name, service.name, 0))
            since = _kill(three, node)
            recoveries = [scene.recovering(each, since) for each in scene.services.values()]
            for recovery in recoveries:
                scene.moved(recovery)
            found += recoveries
            three.start()
            until(lambda: _in_sync(three) or None, "all copies to be in sync again")
        verdict = scene.verdict()
    seconds = [recovery.seconds or 0.0 for recovery in found]
    yield row(
        "three brokers: kill -9 of a service's transaction coordinator",
        verdict,
        len(services),
        seconds,
        _says(scene),
    )


def _says(scene: Scene) -> str:
    ended = f"; {len(scene.gave_up)} times a service gave up and was started again, as `up` does"
    return GREEN + (f"{ended} ({'; '.join(sorted(set(scene.gave_up)))})" if scene.gave_up else "")


def _kill(rig: Rig, node: int) -> float:
    """SIGKILL to a broker; when."""
    pid = next(facts.pid for facts in rig.facts().nodes if facts.id == node)
    assert pid is not None, f"broker {node} does not run"
    now = time.time()
    os.kill(pid, signal.SIGKILL)
    until(lambda: True if rig.facts().nodes[node - 1].pid is None else None, "the broker's death")
    return now


def _in_sync(rig: Rig) -> bool:
    """Whether each partition has all its copies: with one fewer the next kill would stop it, rightly."""
    found = clients.admin(rig.kafka).list_topics(timeout=30).topics.values()
    partitions = [partition for topic in found for partition in topic.partitions.values()]
    return all(len(partition.isrs) == len(partition.replicas) for partition in partitions)


def _coordinator(rig: Rig, transactional_id: str) -> int:
    """The broker that leads the partition in which Kafka keeps this id's transactions."""
    partitions = clients.admin(rig.kafka).list_topics(_STATE, timeout=30).topics[_STATE].partitions
    return int(partitions[_java_hash(transactional_id) % len(partitions)].leader)


def _java_hash(text: str) -> int:
    """`Math.abs(String.hashCode())`, as Kafka finds the partition."""
    number = 0
    for letter in text:
        number = (31 * number + ord(letter)) & 0xFFFFFFFF
    return number & 0x7FFFFFFF if number < 1 << 31 else (1 << 32) - number
