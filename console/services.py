"""`scoreloop scorer`: one service in the foreground, for a process manager."""

import click

from console.running import log_to_stderr, run_until_stopped
from console.stream import stream_argument
from consumers.service import run_scorer
from events.settings import Settings


@click.command(epilog="Example: scoreloop scorer stream.toml --slot 1")
@stream_argument
@click.option(
    "--slot",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Which of the scorers this is; a newer process in the same slot takes over from the older.",
)
@click.option("--until-stdin-closes", is_flag=True, help="Also end when standard input ends, as under `up`.")
def scorer(settings: Settings, slot: int, *, until_stdin_closes: bool) -> None:
    """Score the stream's events with the version that `roles` names, each exactly once.

    Run as many as `features` has partitions, each with a slot of its own.
    """
    log_to_stderr()
    run_until_stopped(lambda stop: run_scorer(settings, slot, stop), until_stdin_closes=until_stdin_closes)
