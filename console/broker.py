"""`scoreloop broker`: a real Kafka for development."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from events.settings import BOOTSTRAP_VARIABLE, DEFAULT_BOOTSTRAP
from ops.broker import cluster, places
from ops.broker.facts import Facts

MOST_BROKERS = 9

Command = TypeVar("Command", bound=Callable[..., Any])


def _options(command: Command) -> Command:
    """The options that all three take; see the contract."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON."),
        click.option("--brokers", type=click.IntRange(1, MOST_BROKERS), help="How many; one by default."),
        click.option(
            "--port",
            type=click.IntRange(0, 65_535 - MOST_BROKERS),
            help="Of the first broker: by default the one it had, or 9092, or one that is free (0: any).",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            default=lambda: places.per_user("data") / "broker",
            show_default="a folder of yours",
            help="Where its records are.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def broker() -> None:
    """Start, stop or look at a real Kafka for development.

    \b
    Examples:
      scoreloop broker start
      scoreloop broker start --data /tmp/kafka --port 9192
      scoreloop broker start --data /tmp/three --brokers 3
      scoreloop broker status --json
      scoreloop broker stop
    """  # noqa: D301 (\b is click's mark for lines kept as they are)


@broker.command()
@_options
def start(data: Path, port: int | None, brokers: int | None, *, as_json: bool) -> None:
    """Start it, and return when a transaction has gone through.

    It goes on in the background, with its records in a folder, on the same port every time. Prints
    bootstrap_servers. Several brokers make a cluster: with three, every record has three copies.

    \b
    Examples:
      scoreloop broker start
      scoreloop broker start --data /tmp/three --brokers 3
    """  # noqa: D301 (\b is click's mark for lines kept as they are)
    facts = cluster.start(data, port, brokers, say=_say)
    click.echo(_json(facts) if as_json else f"bootstrap_servers={facts.bootstrap_servers}")
    _say(f"Kafka {facts.kafka} is ready; `scoreloop broker stop{_same(data)}` stops it")
    if facts.bootstrap_servers != DEFAULT_BOOTSTRAP:
        _say(f"for scoreloop's other commands: export {BOOTSTRAP_VARIABLE}={facts.bootstrap_servers}")


@broker.command()
@_options
def stop(data: Path, port: int | None, brokers: int | None, *, as_json: bool) -> None:
    """Stop it; its records stay in the folder.

    \b
    Example:
      scoreloop broker stop --data /tmp/kafka
    """  # noqa: D301 (\b is click's mark for lines kept as they are)
    facts = cluster.stop(data, port, brokers, say=_say)
    if as_json:
        click.echo(_json(facts))


@broker.command()
@_options
@click.pass_context
def status(
    context: click.Context, data: Path, port: int | None, brokers: int | None, *, as_json: bool
) -> None:
    """Say whether it runs, and where; exit 1 if it does not.

    \b
    Example:
      scoreloop broker status --json
    """  # noqa: D301 (\b is click's mark for lines kept as they are)
    facts = cluster.status(data, port, brokers)
    click.echo(_json(facts) if as_json else _lines(facts))
    if not facts.running:
        _say(f"Kafka does not run; `scoreloop broker start{_same(data)}` starts it")
        context.exit(1)


def _say(line: str) -> None:
    """To a person: standard output is for the facts."""
    click.echo(line, err=True)


def _same(data: Path) -> str:
    """The option that names `data` again, if it is not the default."""
    return "" if data == places.per_user("data") / "broker" else f" --data {shlex.quote(str(data))}"


def _json(facts: Facts) -> str:
    return json.dumps(asdict(facts), indent=2)


def _lines(facts: Facts) -> str:
    """`facts` as `name=value`, a line each, and a line for each node."""
    lines = [
        f"running={'yes' if facts.running else 'no'}",
        f"bootstrap_servers={facts.bootstrap_servers or ''}",
        f"data={facts.data}",
        f"kafka={facts.kafka}",
    ]
    for node in facts.nodes:
        state = "not running" if node.pid is None else f"pid {node.pid}"
        lines.append(f"node {node.id}: {state}, port {node.port}, log {node.log}")
    return "\n".join(lines)
