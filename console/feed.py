"""`scoreloop feed`: the rows of a file as events, and what they turned out to be as labels."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from console.main import INTERRUPTED
from console.progress import progress
from console.sources import source_options
from console.stopping import stop_on_signals
from console.stream import json_option, print_json, stream_argument
from console.timelines import timeline_options
from events.durations import iso, written
from events.settings import Settings
from producers.rows import Rows
from producers.schedule import Timeline

if TYPE_CHECKING:
    from producers.feed import Fed

_SAY_AFTER_SECONDS = 15.0

_EXAMPLES = """\b
Examples:
  scoreloop feed stream.toml --csv history.csv --rows 2000: --interval 30m --rate 500
  scoreloop feed stream.toml --csv history.csv --label-delay 24h --missing 0.1
  scoreloop feed stream.toml --synth sea --rows 0:50000 --seed 7
"""


@click.command(epilog=_EXAMPLES)
@stream_argument
@source_options
@timeline_options
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N",
              help="Events a second; without it, as fast as it goes.")  # fmt: skip
@click.option("--finish", "finishing", is_flag=True,
              help="Nothing more comes: wait until all that was sent is matched or expired.")  # fmt: skip
@json_option
def feed(
    settings: Settings,
    rows: Rows,
    seed: int,
    timeline: Timeline,
    rate: float | None,
    missing: float,
    *,
    finishing: bool,
    as_json: bool,
) -> None:
    """Publish rows as events, and their labels when the feed's event time has reached them.

    Row i gets the event_id NAME-i, counted from 0 in the file, and the event time START + i x INTERVAL.
    After the last row the labels still due are sent. Ctrl-C stops after the current event, sends the labels
    of what was sent, and says how to go on.

    With --finish it also declares that nothing more comes for what was sent so far, and returns when every
    prediction is matched or expired and every window final; a later feed is served as usual.
    """
    from producers.feed import Feed, Plan

    _warn_of_the_future(settings, timeline, rows.span[-1])
    with stop_on_signals() as stopped, progress(f"feeding {rows.name}", len(rows)) as tell:
        plan = Plan(timeline, rate, missing, seed)
        fed = Feed(settings, rows, plan, stopped, lambda fed: tell(fed.events)).run()
        finished = finishing and not stopped() and _finish(settings, stopped)
    facts = _facts(rows, timeline, fed) | ({"finished": finished} if finishing else {})
    if as_json:
        print_json(facts)
    else:
        click.echo(_sentences(facts))
    if facts["continue_rows"] or (finishing and not finished):
        click.get_current_context().exit(INTERRUPTED)


def _finish(settings: Settings, stopped: Callable[[], bool]) -> bool:
    """Wait for the services, and say so where that takes long."""
    from producers.finish import finish

    patience = _SAY_AFTER_SECONDS

    def tell(seconds: float) -> None:
        nonlocal patience
        if seconds > patience:
            patience *= 2
            click.echo(
                f"waiting since {seconds:.0f} s for the scorer, the joiner and the monitor to settle all;"
                " `scoreloop status` tells how far they are. Ctrl-C leaves them at it",
                err=True,
            )

    return finish(settings, stopped, tell)


def _warn_of_the_future(settings: Settings, timeline: Timeline, last: int) -> None:
    """A scorer refuses what lies too far ahead; a person who set --start would wonder where it went."""
    ahead = timeline.time(last) + timeline.label_delay - int(time.time() * 1000)
    if ahead > settings.limits.max_future_skew:
        click.echo(
            f"note: this feed reaches {written(ahead // 60_000 * 60_000)} into the future, and what is more "
            f"than {written(settings.limits.max_future_skew)} ahead goes to dead-letters (max_future_skew)",
            err=True,
        )


def _facts(rows: Rows, timeline: Timeline, fed: "Fed") -> dict[str, Any]:
    start, stop = rows.span.start, rows.span.stop
    end = start + fed.events
    return {
        "stream": timeline.stream,
        "source": rows.name,
        "rows": [start, end],
        "events": fed.events,
        "labels": fed.labels,
        "incomplete": fed.incomplete,
        "seconds": round(fed.seconds, 3),
        "events_per_second": round(fed.events / fed.seconds, 1),
        "first_ts": timeline.time(start) if fed.events else None,
        "last_ts": timeline.time(end - 1) if fed.events else None,
        "continue_rows": f"{end}:{stop}" if end < stop else None,
    }


def _sentences(facts: dict[str, Any]) -> str:
    sent = f"{facts['events']:,} events and {facts['labels']:,} labels sent"
    lines = [f"{sent} in {facts['seconds']:.1f} s ({facts['events_per_second']:,.0f} events/s)"]
    if facts["events"]:
        lines.append(f"event time {iso(facts['first_ts'])} to {iso(facts['last_ts'])}")
    if facts["incomplete"]:
        lines.append(
            f"to dead-letters, lacking a feature that is not nullable: {facts['incomplete']:,} events"
        )
    if facts["continue_rows"]:
        lines.append(f"stopped; the same command with --rows {facts['continue_rows']} goes on from here")
    return "\n".join(lines)
