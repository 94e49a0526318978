"""`scoreloop scorer|joiner|monitor|trainer|mlflow`: one service in the foreground, for a process manager."""

from collections.abc import Callable
from threading import Event
from typing import Any

import click

from console.lock import only_one
from console.running import log_to_stderr, run_until_stopped
from console.stream import stream_argument
from events import topics
from events.settings import Settings
from transport.topics import require

Run = Callable[[Settings, int, Event], object]
"""Runs a service as a slot until the event is set."""


_until = click.option(
    "--until-stdin-closes", is_flag=True, help="Also end when standard input ends, as under `up`."
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    slot = click.option(
        "--slot",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Which of its kind this is; a newer process in the same slot takes over from the older.",
    )
    return stream_argument(slot(_until(command)))


def _run(run: Run, settings: Settings, slot: int, options: dict[str, Any]) -> None:
    log_to_stderr()
    run_until_stopped(lambda stop: run(settings, slot, stop), **options)


@click.command(epilog="Example: scoreloop scorer stream.toml --slot 1")
@_options
def scorer(settings: Settings, slot: int, **options: Any) -> None:
    """Score the stream's events with the version that `roles` names, each exactly once.

    Run as many as `features` has partitions, each with a slot of its own.
    """
    from consumers.service import run_scorer

    _run(run_scorer, settings, slot, options)


@click.command(epilog="Example: scoreloop joiner stream.toml --slot 1")
@_options
def joiner(settings: Settings, slot: int, **options: Any) -> None:
    """Give each prediction its label or its expiry, each exactly once, and sum up how good they were.

    Run as many as `predictions` has partitions, each with a slot of its own.
    """
    from consumers.join.service import run_joiner

    _run(run_joiner, settings, slot, options)


@click.command(epilog="Example: scoreloop monitor stream.toml --slot 1")
@_options
def monitor(settings: Settings, slot: int, **options: Any) -> None:
    """Turn sums into the figures of each window, running and final.

    One works; others, each with a slot of its own, stand by.
    """
    from consumers.monitor_service import run_monitor

    _run(run_monitor, settings, slot, options)


@click.command(epilog="Example: scoreloop trainer stream.toml --slot 1")
@_options
def trainer(settings: Settings, slot: int, **options: Any) -> None:
    """Act on what the monitor and operators decide: retrain, promote, roll back, each decision once.

    One works; others, each with a slot of its own, stand by.
    """
    from consumers.trainer.service import run_trainer

    _run(run_trainer, settings, slot, options)


@click.command(epilog="Example: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 scoreloop mlflow stream.toml")
@stream_argument
@_until
def mlflow(settings: Settings, **options: Any) -> None:
    """Show the stream's versions in MLflow: runs, figures, pictures, artefacts, and the alias `champion`.

    An experiment and a registered model have the stream's name. What MLflow misses while it is away is sent
    when it is back, nothing twice; the loop knows nothing of it. `up` runs this where MLFLOW_TRACKING_URI is
    set.
    """
    from consumers.mlflow.service import run_mlflow

    log_to_stderr()
    cluster = require(settings, topics.MODELS).cluster_id()
    with only_one("mlflow", cluster, settings.name):
        run_until_stopped(lambda stop: run_mlflow(settings, stop), **options)
