"""`scoreloop topics`: the stream's topics, made and checked."""

import click

from console.stream import json_option, print_json, stream_argument
from events.errors import ScoreloopError
from events.settings import Settings
from transport import topics as stream_topics


@click.group()
def topics() -> None:
    """Create the stream's topics, or check them."""


@topics.command(epilog="Example: scoreloop topics create stream.toml")
@stream_argument
@json_option
def create(settings: Settings, *, as_json: bool) -> None:
    """Create what is missing of the stream's topics; leave what is there.

    Also commits the beginning of each partition for every service, so that one started later misses nothing.
    """
    made = stream_topics.create(settings)
    if as_json:
        print_json({"created": made})
    else:
        click.echo("\n".join(f"created {name}" for name in made) or "nothing to create: every topic is there")


@topics.command(epilog="Example: scoreloop topics check stream.toml")
@stream_argument
@json_option
def check(settings: Settings, *, as_json: bool) -> None:
    """Hold the cluster's topics against the contract; exit 1 when something does not fit."""
    findings = stream_topics.check(settings)
    if as_json:
        print_json({"ok": not findings, "findings": findings})
    else:
        click.echo("\n".join(findings) or f"every topic of {settings.name} is as it must be")
    if findings:
        raise ScoreloopError(f"{len(findings)} of the stream's topics or offsets are not as they must be")
