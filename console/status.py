"""`scoreloop status`: who serves, how far the services are, and what is wrong."""

import click
from rich.console import Console
from rich.table import Table

from console.facts import Facts, ServiceFacts, facts
from console.stream import json_option, stream_argument
from events import topics
from events.settings import Settings
from transport.topics import require


@click.command(epilog="Example: scoreloop status stream.toml --json")
@stream_argument
@json_option
def status(settings: Settings, *, as_json: bool) -> None:
    """Say who serves, how far each service is and what it says, from the cluster alone.

    An `end` is the offset after the last committed record; offsets also count transactions' own marks, so
    they are positions and no counts of records.
    """
    known = facts(require(settings, topics.FEATURES), settings)
    if as_json:
        click.echo(known.model_dump_json(indent=2))
        return
    console = Console()
    console.print(_who_serves(known))
    for name, service in known.services.items():
        console.print(f"{name}: {service.state}, {service.lag} records behind in {service.topic}")
        console.print(_workers(service))
        for worker in service.workers:
            if worker.error:
                console.print(f"{worker.worker} says: {worker.error}", markup=False)


def _who_serves(known: Facts) -> str:
    if known.roles is None:
        return f"{known.stream}: no version yet; run `scoreloop train STREAM.toml --csv FILE`"
    champion = known.roles["champion"]
    version = next((v for v in known.versions if v.version == champion), None)
    estimator = "" if version is None else f" ({version.estimator}, error {version.metrics.get('error')})"
    return f"{known.stream}: version {champion}{estimator} serves since epoch {known.roles['epoch']}"


def _workers(service: ServiceFacts) -> Table:
    table = Table("worker", "state", "epoch", "champion", "heard of")
    for worker in service.workers:
        table.add_row(
            worker.worker,
            worker.state,
            str(worker.epoch or "-"),
            str(worker.champion or "-"),
            f"{worker.seconds_ago:.0f} s ago",
        )
    return table
