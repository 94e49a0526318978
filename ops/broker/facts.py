"""How a data folder's cluster is, as a person or a program reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.broker.jars import VERSION
from ops.broker.node import Node
from ops.broker.plan import Engine, Plan


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node; `pid` is None when it does not run."""

    id: int
    port: int
    pid: int | None
    log: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A data folder's cluster: by its processes. Whether it answers is for a client to find out."""

    data: str
    running: bool = False
    """Every node runs."""
    bootstrap_servers: str | None = None
    """Where the nodes are, or will be again; None where no broker was ever started."""
    kafka: str = VERSION
    engine: Engine | None = None
    nodes: tuple[NodeFacts, ...] = ()


def facts(data: Path, plan: Plan, nodes: Sequence[Node]) -> Facts:
    """The facts of `plan`, whose nodes are `nodes`, at this moment."""
    now = tuple(
        NodeFacts(i, ports.broker, node.pid(), node.log)
        for i, (ports, node) in enumerate(zip(plan.nodes, nodes, strict=True), start=1)
    )
    return Facts(
        data=str(data),
        running=all(node.pid is not None for node in now),
        bootstrap_servers=plan.bootstrap_servers,
        engine=plan.engine,
        nodes=now,
    )
