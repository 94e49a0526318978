"""A development cluster in a data folder: start it, stop it, say how it is. One broker, or several.

    facts = cluster.start(Path("kafka"), say=print)
    facts.bootstrap_servers
    cluster.stop(Path("kafka"), say=print)

It outlives the process that started it, and its records outlive it: a killed broker goes on from its folder.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from events.errors import ScoreloopError
from events.settings import Kafka
from ops.broker import engine, jars, lock, places, plan, ready
from ops.broker.facts import Facts, facts
from ops.broker.jars import Say
from ops.broker.node import Node
from ops.broker.plan import Plan
from ops.broker.ports import Claims

START_SECONDS = 90.0
STOP_SECONDS = 20.0
"""How long a broker may take to end in order before it is killed."""

_GIVE_UP_SECONDS = 5.0
_PAUSE_SECONDS = 0.05
_CRITICAL = 2


def start(data: Path, port: int | None = None, brokers: int | None = None, *, say: Say) -> Facts:
    """Have the cluster of `data` running and ready: a transaction has gone through.

    Nodes that already run are left alone. `port` is the first broker's (0: any), by default the one it had,
    or 9092, or any; `brokers` is how many, by default as many as there were, or one. When it fails, or is
    interrupted, the nodes that it had started are stopped. `say` is told what takes time.

    Raises:
        ScoreloopError: it could not be started; the sentence says why.
    """
    data = _own_folder(data)
    with lock.held(data / "lock"), Claims() as claims:
        chosen = _chosen(data, port, brokers, claims)
        if chosen.engine == "java":
            jars.fetched(places.per_user("cache"), say)
        plan.remember(data, chosen)
        nodes = _nodes(data, chosen)
        missing = [node for node in nodes if node.pid() is None]
        say(f"starting Kafka in {data} …" if missing else f"Kafka already runs in {data}")
        try:
            for node in missing:
                node.start(chosen)
            _wait_until_ready(chosen, nodes)
        except BaseException:
            say("stopping what was started …")
            _end(missing, _GIVE_UP_SECONDS)
            raise
        return facts(data, chosen, nodes)


def stop(data: Path, port: int | None = None, brokers: int | None = None, *, say: Say) -> Facts:
    """Have nothing of the cluster of `data` running. Its records stay. `say` is told what was done.

    Raises:
        ScoreloopError: `port` or `brokers` are given and not the folder's.
    """
    data = data.expanduser().resolve()
    known = plan.remembered(data)
    if known is None:
        say(f"no broker was ever started in {data}")
        return Facts(str(data))
    plan.check(known, data, port, brokers)
    with lock.held(_own_folder(data) / "lock"):
        nodes = _nodes(data, known)
        running = [node for node in nodes if node.pid() is not None]
        killed = _end(running, STOP_SECONDS)
        say(_what_stopped(data, len(running), len(killed)))
        return facts(data, known, nodes)


def status(data: Path, port: int | None = None, brokers: int | None = None) -> Facts:
    """How the cluster of `data` is.

    Raises:
        ScoreloopError: `port` or `brokers` are given and not the folder's.
    """
    data = data.expanduser().resolve()
    known = plan.remembered(data)
    if known is None:
        return Facts(str(data))
    plan.check(known, data, port, brokers)
    return facts(data, known, _nodes(data, known))


def _chosen(data: Path, port: int | None, brokers: int | None, claims: Claims) -> Plan:
    """The plan to start by: the folder's, or a new one. While no node runs its ports are claimed."""
    cache = places.per_user("cache")
    known = plan.remembered(data)
    if known is None:
        return plan.first(engine.usable(engine.ALL, cache), port, brokers or 1, claims)
    running = any(node.pid() is not None for node in _nodes(data, known))
    plan.check(known, data, port if running else None, brokers)
    engine.usable((known.engine,), cache)
    return known if running else plan.again(known, port, claims)


def _nodes(data: Path, chosen: Plan) -> list[Node]:
    return engine.nodes(data, chosen, places.per_user("cache"))


def _wait_until_ready(chosen: Plan, nodes: Sequence[Node]) -> None:
    def check() -> None:
        for node in nodes:
            if node.pid() is None:
                words = node.last_words() or "it wrote nothing"
                raise ScoreloopError(f"the broker died while starting: {words} (its log: {node.log})")

    # A coordinator that still loads is no news here: librdkafka is to report what is critical only.
    kafka = Kafka.model_validate({"bootstrap_servers": chosen.bootstrap_servers, "log_level": _CRITICAL})
    try:
        ready.wait(kafka, [ports.broker for ports in chosen.nodes], check, START_SECONDS)
    except TimeoutError:
        raise ScoreloopError(
            f"Kafka was not ready after {START_SECONDS:.0f} s; see its log: {nodes[0].log}"
        ) from None


def _end(nodes: Sequence[Node], seconds: float) -> Sequence[Node]:
    """End `nodes`, and say which had to be killed because they took more than `seconds`."""
    for node in nodes:
        node.terminate()
    late = _still_running_after(seconds, nodes)
    for node in late:
        node.kill()
    if stuck := _still_running_after(seconds, late):
        raise ScoreloopError(f"the broker (process {stuck[0].pid()}) cannot be killed; end it by hand")
    return late


def _still_running_after(seconds: float, nodes: Sequence[Node]) -> Sequence[Node]:
    until = time.monotonic() + seconds
    while (running := [node for node in nodes if node.pid() is not None]) and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
    return running


def _what_stopped(data: Path, stopped: int, killed: int) -> str:
    if not stopped:
        return f"no broker was running in {data}"
    what = "the broker" if stopped == 1 else f"{stopped} brokers"
    how = f" ({killed} had to be killed after {STOP_SECONDS:.0f} s)" if killed else ""
    return f"stopped {what} of {data}{how}"


def _own_folder(data: Path) -> Path:
    """`data` by its full path, made if need be, and writable."""
    data = data.expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "lock").touch()
    except OSError as error:
        raise ScoreloopError(
            f"no broker can live in {data} ({error.strerror}); give another folder with --data"
        ) from None
    return data
