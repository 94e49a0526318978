"""What runs the nodes: Java with Maven's jars, or else a Docker engine."""

from collections.abc import Sequence
from pathlib import Path

from events.errors import ScoreloopError
from ops.broker import docker, jars, java
from ops.broker.node import Node
from ops.broker.plan import Engine, Plan
from ops.broker.process import Process

ALL: tuple[Engine, ...] = ("java", "docker")
"""In order of preference."""


def usable(engines: Sequence[Engine], cache: Path) -> Engine:
    """The first of `engines` that this machine has.

    Raises:
        ScoreloopError: it has none of them; the sentence says what is missing.
    """
    lacks: list[str] = []
    for engine in engines:
        lack = (java.lack() or jars.lack(cache)) if engine == "java" else docker.lack()
        if lack is None:
            return engine
        lacks.append(lack)
    raise ScoreloopError(
        f"no Kafka can be run here: {', and '.join(lacks)}; install Java {java.OLDEST} or newer and Maven, "
        "or start a Docker engine"
    )


def nodes(data: Path, plan: Plan, cache: Path) -> list[Node]:
    """The nodes of `plan`, each in a folder of its own in `data`."""
    folders = {i: data / f"node-{i}" for i in range(1, len(plan.nodes) + 1)}
    if plan.engine == "docker":
        return [docker.Container(folder, i) for i, folder in folders.items()]
    return [Process(folder, i, jars.folder(cache)) for i, folder in folders.items()]
