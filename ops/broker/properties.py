"""`server.properties`: what a broker for development is told."""

from collections.abc import Mapping, Sequence

import msgspec

from events.topics import DEAD_LETTER_MAX_BYTES, MEBIBYTE
from ops.broker.ports import LOOPBACK

LOG_FOLDER = "topics"
"""Where a broker keeps its records, relative to its own folder: no character of a path needs escaping."""


class NodePorts(msgspec.Struct, frozen=True):
    """Where one node listens: for clients and brokers, and for the controllers' quorum."""

    broker: int
    controller: int


_COMMON = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": LOG_FOLDER,
    "auto.create.topics.enable": "false",  # a mistyped topic is an error, here as in production
    "num.partitions": "1",
    "offsets.topic.num.partitions": "4",  # a start makes them all, and a development machine waits for it
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    # A broker killed with -9 may come back only when its session has ended: 4 s instead of 9.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    # The offsets of a group without members go after this; without them scoreloop refuses to start.
    "offsets.retention.minutes": str(365 * 24 * 60),
    # message.max.bytes stays at its default, so that a topic without a limit of its own is as narrow as in
    # production. A follower must be able to copy the widest topic.
    "replica.fetch.max.bytes": str(DEAD_LETTER_MAX_BYTES + MEBIBYTE),
    "log.cleaner.dedupe.buffer.size": str(16 * MEBIBYTE),  # the default is a quarter of the heap
}


def properties(node_id: int, nodes: Sequence[NodePorts], *, bind: str = LOOPBACK) -> dict[str, str]:
    """Kafka's properties of node `node_id` (from 1) among `nodes`.

    The voters are named here and not in the metadata log, so that a controller's port can change between
    two starts. With three nodes or more every topic has three copies and a write waits for two.
    """
    own = nodes[node_id - 1]
    voters = (f"{i}@{LOOPBACK}:{ports.controller}" for i, ports in enumerate(nodes, start=1))
    return {
        **_COMMON,
        **_copies(len(nodes)),
        "node.id": str(node_id),
        "controller.quorum.voters": ",".join(voters),
        "listeners": f"PLAINTEXT://{bind}:{own.broker},CONTROLLER://{LOOPBACK}:{own.controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{own.broker}",
    }


def _copies(nodes: int) -> dict[str, str]:
    copies, in_sync = str(min(nodes, 3)), "2" if nodes >= 3 else "1"  # noqa: PLR2004 (three of three nodes)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def text(properties: Mapping[str, str]) -> str:
    """`properties` as Java reads them."""
    return "".join(f"{name}={value}\n" for name, value in sorted(properties.items()))
