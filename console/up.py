"""`scoreloop up`: every service in one terminal, until Ctrl-C."""

import time
from pathlib import Path
from threading import Event

import click
from rich.console import Console
from rich.live import Live

from console.child import Child
from console.lock import only_one
from console.overview import Overview
from console.running import run_until_stopped
from events import topics
from events.settings import Settings, load
from transport.topics import require

LOOK_SECONDS = 0.25
GRACE_SECONDS = 7.0
"""How long the children may take to end: with the rest it stays under ten seconds."""


@click.command(epilog="Example: scoreloop up stream.toml --workers 2")
@click.argument("path", metavar="STREAM.toml", type=click.Path(path_type=Path))
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Scorers to run; more than `features` has partitions stand idle.",
)
def up(path: Path, workers: int) -> None:
    """Run every service of the stream, start again what ends, and show how each is, until Ctrl-C."""
    settings = load(path)
    cluster = require(settings, *topics.ALL).cluster_id()
    with only_one("up", cluster, settings.name):
        run_until_stopped(lambda stop: supervise(settings, path, workers, stop))


def supervise(settings: Settings, path: Path, workers: int, stop: Event) -> None:
    """Keep the children running until `stop` is set, then end them; those that do not end are killed."""
    console = Console(stderr=True)

    def say(line: str) -> None:
        if console.is_terminal:
            console.print(line, markup=False, highlight=False)
        else:
            click.echo(line, err=True)

    slots = [(topics.SCORER, slot) for slot in range(workers)]
    slots += [(topics.JOINER, 0), (topics.MONITOR, 0), (topics.TRAINER, 0)]
    children = [
        Child(
            topics.worker(service, slot),
            [service, str(path), "--slot", str(slot), "--until-stdin-closes"],
            say,
        )
        for service, slot in slots
    ]
    if settings.mlflow.tracking_uri is not None:
        children.append(Child("mlflow", ["mlflow", str(path), "--until-stdin-closes"], say))
    overview = Overview(settings, children)
    overview.start()
    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while not stop.wait(LOOK_SECONDS):
                for child in children:
                    child.look()
                if console.is_terminal:
                    live.update(overview.table(), refresh=True)
    finally:
        overview.close()
        _end(children)
        say(f"{settings.name}: {len(children)} services ended")


def _end(children: list[Child]) -> None:
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.end(deadline)
