"""What a data folder holds: how many brokers, run by what, on which ports. The folder remembers it."""

import base64
import secrets
from pathlib import Path
from typing import Literal

import msgspec

from events.errors import ScoreloopError
from ops.broker.ports import DEFAULT, Claims
from ops.broker.properties import NodePorts

Engine = Literal["java", "docker"]

ANY_PORT = 0
"""As a port to ask for: any that is free."""


class Plan(msgspec.Struct, frozen=True):
    """One cluster: drawn up by its first start, and the same at every later one."""

    cluster_id: str
    engine: Engine
    nodes: tuple[NodePorts, ...]

    @property
    def bootstrap_servers(self) -> str:
        """Every node's address, with commas."""
        return ",".join(f"127.0.0.1:{node.broker}" for node in self.nodes)


def remembered(data: Path) -> Plan | None:
    """The plan that the folder `data` holds; None if no broker was ever started there.

    Raises:
        ScoreloopError: the folder's note cannot be read.
    """
    note = _note(data)
    try:
        return msgspec.json.decode(note.read_bytes(), type=Plan)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ScoreloopError(
            f"{note} cannot be read ({error}); give another folder with --data, or remove it to begin anew"
        ) from None


def remember(data: Path, plan: Plan) -> None:
    """Write `plan` down in the folder `data`, whole or not at all."""
    new = _note(data).with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(plan)) + b"\n")
    new.replace(_note(data))


def first(engine: Engine, port: int | None, brokers: int, claims: Claims) -> Plan:
    """A plan for a new folder. Its ports are claimed."""
    wanted = DEFAULT if port is None else port
    return Plan(
        cluster_id=_cluster_id(),
        engine=engine,
        nodes=tuple(
            NodePorts(broker=_port(wanted, i, claims, asked=port is not None), controller=claims.take_any())
            for i in range(brokers)
        ),
    )


def again(plan: Plan, port: int | None, claims: Claims) -> Plan:
    """`plan` for another start, while none of its nodes runs: on `port` if asked, else where it was.

    Clients know the brokers' ports, so those stay or the start fails; nobody knows the controllers'.

    Raises:
        ScoreloopError: a broker's port is taken.
    """
    if port:
        brokers = [_port(port, i, claims, asked=True) for i in range(len(plan.nodes))]
    else:
        brokers = [_same_port(node.broker, claims) for node in plan.nodes]
    controllers = [
        node.controller if claims.take(node.controller) else claims.take_any() for node in plan.nodes
    ]
    return msgspec.structs.replace(plan, nodes=tuple(map(NodePorts, brokers, controllers)))


def check(plan: Plan, data: Path, port: int | None, brokers: int | None) -> None:
    """Refuse a number of brokers, or a port of running ones, that is not the folder's.

    Raises:
        ScoreloopError: what was asked for is not what `data` holds.
    """
    if brokers not in {None, len(plan.nodes)}:
        raise ScoreloopError(
            f"{data} holds a cluster of {len(plan.nodes)}, not {brokers}; leave --brokers out, "
            "or give another folder with --data"
        )
    if port not in {None, ANY_PORT, plan.nodes[0].broker}:
        raise ScoreloopError(
            f"the broker of {data} is on port {plan.nodes[0].broker}, not {port}; leave --port out, "
            "or stop it first and start it on the other port"
        )


def _cluster_id() -> str:
    """16 bytes as Kafka writes them.

    The first is not drawn: every 64th would begin with a dash, which Kafka's tools take for an option.
    """
    return base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).rstrip(b"=").decode()


def _port(first_port: int, i: int, claims: Claims, *, asked: bool) -> int:
    """The port of the i-th broker: counted on from the first one, or any if that is taken or unasked."""
    port = first_port + i
    if first_port != ANY_PORT and claims.take(port):
        return port
    if asked and first_port != ANY_PORT:
        raise ScoreloopError(
            f"port {port} is taken by another program; give another one with --port, "
            "or leave --port out to take one that is free"
        )
    return claims.take_any()


def _same_port(port: int, claims: Claims) -> int:
    if claims.take(port):
        return port
    raise ScoreloopError(
        f"port {port}, where this folder's broker was, is taken by another program; stop that one, "
        "or move the broker with --port"
    )


def _note(data: Path) -> Path:
    return data / "cluster.json"
