"""`scoreloop dead-letters`: what was refused and why, and the way back after a fix."""

from collections import Counter, deque
from typing import Any

import click

from console.durations import DurationType
from console.letters import Place, facts, full, shown, source, wanted
from console.operator import operator
from console.stream import json_option, print_json, stream_argument
from console.words import moment
from events import topics
from events.dead_letters import Letter
from events.errors import ScoreloopError
from events.refusals import Reason
from events.settings import Settings
from producers.replay import obstacle
from producers.replay import replay as sent_back
from transport.letters import letter_at, letters, replayed
from transport.topics import require

ONCE_MORE = {
    Reason.CONFLICTING_LABEL: "a label that conflicts is refused again while the first one is remembered",
    Reason.ORPHAN_LABEL: "an orphan finds its prediction only if that has come since, and within its horizon",
}
LEFT_OUT = "left out: "
_SOURCES = (topics.FEATURES.name, topics.LABELS.name, topics.PREDICTIONS.name, topics.SHADOWS.name)

_REASONS = [reason.value for reason in Reason]

_of_reason = click.option("--reason", "reasons", multiple=True, type=click.Choice(_REASONS),
                          help="Only those with this reason; more than once: any of them.")  # fmt: skip
_of_topic = click.option("--topic", type=click.Choice(_SOURCES), help="Only those that come from this topic.")
_since = click.option("--since", type=DurationType(), help="Only those of the last, such as 24h.")


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Look at what was refused, and send it back after a fix."""


@dead_letters.command(name="list", epilog="Example: scoreloop dead-letters list stream.toml --since 24h")
@stream_argument
@_of_reason
@_of_topic
@_since
@click.option("--last", type=click.IntRange(min=0), default=20, show_default=True, help="How many to show.")
@json_option
def list_(settings: Settings, last: int, *, as_json: bool, **chosen: Any) -> None:
    """Count dead letters by source topic and reason, and show the newest, one a line."""
    require(settings, topics.DEAD_LETTERS, topics.REPLAYS)
    chosen_ones, done = wanted(settings, **chosen), replayed(settings)
    counts: Counter[tuple[str, str]] = Counter()
    newest = deque[Letter](maxlen=last)
    for one in letters(settings):
        if chosen_ones(one):
            counts[source(settings, one), one.reason] += 1
            newest.append(one)
    if as_json:
        found = [{"topic": topic, "reason": reason, "count": n} for (topic, reason), n in counts.items()]
        print_json({"counts": found, "newest": [facts(settings, one, done) for one in newest]})
        return
    for (topic, reason), number in counts.most_common():
        click.echo(f"{number:>10,} {topic} {reason}")
    for one in newest:
        again = " [replayed]" if full(settings, one) in done else ""
        click.echo(
            f"{one.place} {moment(one.ts)} {'-'.join(map(str, one.source))} {one.reason}{again}: {one.detail}"
        )
    if not counts:
        click.echo("no dead letters")


@dead_letters.command(epilog="Example: scoreloop dead-letters show stream.toml 0-17")
@stream_argument
@click.argument("place", metavar="PARTITION-OFFSET", type=Place())
@json_option
def show(settings: Settings, place: tuple[int, int], *, as_json: bool) -> None:
    """Show one dead letter: what its headers say, and key and value as text, or in hexadecimal."""
    require(settings, topics.DEAD_LETTERS, topics.REPLAYS)
    found = letter_at(settings, *place)
    if found is None:
        raise ScoreloopError(
            f"there is no dead letter {place[0]}-{place[1]}; see `scoreloop dead-letters list`"
        )
    said = facts(settings, found, replayed(settings)) | {
        "key": shown(found.key),
        "value": shown(found.value),
    }
    if as_json:
        print_json(said)
        return
    for name, fact in said.items():
        click.echo(f"{name:10} {'none' if fact is None else fact}")


@dead_letters.command(
    epilog="Example: scoreloop dead-letters replay stream.toml --reason unknown-category --since 24h"
)
@stream_argument
@_of_reason
@_of_topic
@_since
@click.option("--id", "places", multiple=True, type=Place(), help="This one; more than once: each of them.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(settings: Settings, *, everything: bool, yes: bool, **chosen: Any) -> None:
    """Send dead letters back to the topic and partition that they came from, byte for byte, after a fix.

    Each at most once: one that was sent back is passed over, and one that is refused again is a new letter.
    The record that is sent has the letter's place in its header `replayed_from`. Kafka gives it a new
    timestamp: an event or a label without a `ts` of its own counts as of now. Values that were too large to
    be kept cannot be sent.
    """
    if not (everything or any(chosen.values())):
        raise click.UsageError("say which: --reason, --topic, --since, --id, or --all")
    require(settings, topics.DEAD_LETTERS, topics.REPLAYS, topics.FEATURES, topics.LABELS)
    chosen_ones, done = wanted(settings, **chosen), replayed(settings)
    counts: Counter[str] = Counter()
    for one in letters(settings):
        if chosen_ones(one):
            why = "sent back before" if full(settings, one) in done else obstacle(settings, one)
            counts[f"{LEFT_OUT}{why}" if why else one.reason] += 1
    for what, number in counts.most_common():
        click.echo(f"{number:>10,} {what}")
        if what in ONCE_MORE:
            click.echo(f"{'':10} note: {ONCE_MORE[Reason(what)]}")
    if all(what.startswith(LEFT_OUT) for what in counts):
        click.echo("nothing to send back")
        return
    if not yes:
        click.confirm("Send them back?", abort=True)
    click.echo(f"{sent_back(settings, chosen_ones, operator()):,} sent back")
