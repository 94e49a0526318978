"""`scoreloop offsets`: where each service stands, and the recorded way past records that are gone."""

import time
from dataclasses import asdict
from typing import Any

import click

from console.operator import operator
from console.stream import json_option, print_json, stream_argument
from console.words import moment
from events import topics
from events.errors import ScoreloopError
from events.internal import Skip
from events.settings import Settings
from transport.positions import Position, positions
from transport.skipping import skip as moved
from transport.skipping import skips
from transport.topics import require

GROUPS = (topics.SCORER, topics.JOINER, topics.MONITOR, topics.TRAINER)
MEANING = {
    topics.FEATURES: "those events get neither a prediction nor a dead letter",
    topics.LABELS: "those labels count for nothing; their predictions expire, unless another label comes",
    topics.PREDICTIONS: "those predictions get no outcome and are in no figure; their labels become orphans",
    topics.SHADOWS: "those shadows get no outcome and are in no figure",
    topics.JOINING: "those labels count for nothing, though they were counted as read",
    topics.TALLIES: "what became of those answers is in no figure: the figures of their windows stay wrong",
    topics.MODELS: "the alarm does not hear of those versions and roles",
    topics.CONTROL: "those decisions are never acted on",
}
"""What it means that the service passes records of a topic over."""


@click.group()
def offsets() -> None:
    """Show where each service stands, or have one pass over records that it cannot read."""


@offsets.command(epilog="Example: scoreloop offsets show stream.toml --group scorer")
@stream_argument
@click.option("--group", "service", type=click.Choice(GROUPS), help="Only this service's.")
@json_option
def show(settings: Settings, service: str | None, *, as_json: bool) -> None:
    """Show each group's committed offset in each partition, beside where the partition begins and ends.

    \b
    ok              it can read on from there
    gone            records were deleted before they were read: how many offsets
    none            nothing is committed: a partition was added, or a topic created anew
    beyond the end  the topic was created anew

    Below stands what operators have skipped.
    """  # noqa: D301 (\b is click's mark for lines kept as they are)
    client = require(settings, topics.SKIPS)
    found = list(positions(client, settings, service))
    past = skips(settings)
    if as_json:
        print_json({"positions": [_facts(one) for one in found], "skips": [s.model_dump() for s in past]})
        return
    click.echo(
        f"{'group':8} {'topic':18} {'partition':>9} {'committed':>12} {'begin':>12} {'end':>12}  state"
    )
    for one in found:
        at = "-" if one.committed is None else str(one.committed)
        state = f"gone ({one.lost} lost)" if one.state == "gone" else one.state
        click.echo(
            f"{one.service:8} {one.topic.name:18} {one.partition:>9} {at:>12} {one.begin:>12} {one.end:>12}  "
            + state
        )
    for record in past:
        click.echo(told(record))


@offsets.command(
    epilog="Example: scoreloop offsets skip stream.toml --group scorer --topic features --partition 2 "
    '--to begin --reason "retention was an hour"'
)
@stream_argument
@click.option("--group", "service", type=click.Choice(GROUPS), required=True, help="Whose offset.")
@click.option("--topic", "name", required=True, help="A topic that it reads, without the stream's name.")
@click.option("--partition", type=click.IntRange(min=0), required=True)
@click.option("--to", required=True, metavar="N|begin|end", help="The offset to read next.")
@click.option("--reason", required=True, help="Why; kept with the skip.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def skip(
    settings: Settings, service: str, name: str, partition: int, to: str, reason: str, *, yes: bool
) -> None:
    """Have a service read on from another offset of a partition, and keep a record of who did it and why.

    Every process of the service must have ended. What is passed over is never read: of `features` those
    events get no prediction. Of the joiner's topics: labels that are skipped count for nothing, and their
    predictions expire; predictions and shadows that are skipped get no outcome and are in no figure, and
    their labels become orphans. `verify` takes skipped records out of its checks and says how many.

    Only forward, as records would be repeated otherwise; where a topic was created anew to any of its
    offsets. An event of a `features` created anew may get the prediction_id of an earlier one, which `verify`
    finds: then begin a stream of another name.
    """
    at = _position(settings, service, name, partition)
    offset = target(at, to)
    record = Skip(
        ts=time.time_ns() // 1_000_000, service=service, topic=name, partition=partition,
        from_offset=at.committed, to_offset=offset, begin=at.begin, end=at.end,
        by=operator(), reason=reason,
    )  # fmt: skip
    left = record.passed_over
    click.echo(f"{service} will read {name}-{partition} from {offset}; it passes over {len(left)} offsets"
               + (f", {left[0]} to {left[-1]}: {MEANING[at.topic]}" if left else ""))  # fmt: skip
    if not yes:
        click.confirm("Skip?", abort=True)
    moved(settings, at, record, lambda line: click.echo(line, err=True))
    click.echo("skipped, and recorded")


def target(at: Position, to: str) -> int:
    """The offset that `to` means.

    Raises:
        ScoreloopError: it is none of the partition's, or records would be read again.
    """
    offset = {"begin": at.begin, "end": at.end}.get(to) if not to.isdecimal() else int(to)
    if offset is None or not at.begin <= offset <= at.end:
        raise ScoreloopError(f"--to {to}: give `begin`, `end` or an offset from {at.begin} to {at.end}")
    if at.committed is not None and at.state != "beyond the end" and offset <= at.committed:
        raise ScoreloopError(
            f"--to {to}: {at.service} stands at {at.committed}; only what lies behind that can be skipped, "
            "as records would be repeated otherwise"
        )
    return offset


def told(one: Skip) -> str:
    """A skip, for a person."""
    start = "nothing" if one.from_offset is None else str(one.from_offset)
    return (
        f"skipped {moment(one.ts)}: {one.service} in {one.topic}-{one.partition} from {start} to "
        f"{one.to_offset}, by {one.by}: {one.reason}"
    )


def _position(settings: Settings, service: str, name: str, partition: int) -> Position:
    group = topics.group(settings.name, service)
    names = [topic.name for reader, topic in topics.groups(settings.name) if reader == group]
    if name not in names:
        raise click.BadParameter(f"{service} reads {', '.join(names)}", param_hint="--topic")
    client = require(settings, topics.SKIPS)
    for one in positions(client, settings, service):
        if (one.topic.name, one.partition) == (name, partition):
            return one
    raise ScoreloopError(f"there is no partition {partition} of {settings.name}.{name}")


def _facts(one: Position) -> dict[str, Any]:
    facts = {key: value for key, value in asdict(one).items() if key not in {"topic", "metadata"}}
    return {**facts, "topic": one.topic.name, "state": one.state, "lost": one.lost}
