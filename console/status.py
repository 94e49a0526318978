"""`scoreloop status`: who serves, what became of the answers, how far the services are, and what is wrong."""

import click
from rich.console import Console

from console.facts import facts
from console.status_page import page
from console.stream import json_option, stream_argument
from events import topics
from events.settings import Settings
from transport.topics import require

_EPILOG = """\b
What --json prints:
  roles, versions    who serves, and every version; roles is null before the first
  why                why these roles: what the decision that made them so came to
  services           scorer, joiner, monitor, trainer: state, group, lag (records), lags (by topic),
                     offsets (by topic and partition: committed, end, lag) and workers (each slot: worker,
                     state, seconds_ago, error, detail, epoch, champion, process)
    its state        running | refusing (it serves, but not what roles says) | waiting (for a version) |
                     standing by | failed (it ended with an error) | gone (silent for 30 s: killed, or cut
                     off) | none (never started, or ended well)
  counts             null until a monitor has run, else as_of_ts and
    predictions, shadows   read = matched + expired + waiting
    labels           read = matched + repeats + conflicts + late + orphans + refused + waiting
    waiting_by_joiner      the same from the joiner's own books: predictions, shadows, and labels whose
                     prediction has not come
  watermark          ts, newest_event_ts, behind_ms; null where not known
  newest_window      the newest final figures of a champion, a record of `metrics`; null before the first
  pending            the promotion that waits for approval: decision_id, since (ts), version, champion, why;
                     null where none does
  topics             each topic's partitions: [beginning, end]
Times are milliseconds since the epoch, UTC.

\b
Examples:
  scoreloop status stream.toml
  scoreloop status stream.toml --json | jq .counts
"""


@click.command(epilog=_EPILOG)
@stream_argument
@json_option
def status(settings: Settings, *, as_json: bool) -> None:
    """Say who serves, what became of predictions and labels, how far each service is, and what is wrong.

    All of it is read from the cluster alone. The counts are those of one turn of the monitor, which the page
    names: `read` is what the joiner had read and the monitor had counted by then, `waiting` is what of it had
    come to no end yet. So each sum holds at every moment. What the joiner has not read is its lag in
    `predictions`, `shadows` and `labels`; what it has done and the monitor not counted is the monitor's lag.

    A lag is in records. Over a gap of more than 200 offsets it also counts transactions' own marks, as an
    `end` always does: offsets are positions and no counts.
    """
    known = facts(require(settings, topics.FEATURES), settings)
    if as_json:
        click.echo(known.model_dump_json(indent=2))
    else:
        Console().print(page(known), soft_wrap=False)
