"""What every command on a stream shares: its argument, and facts as JSON."""

import json
from pathlib import Path
from typing import Any

import click

from events.settings import Settings, load


class StreamFile(click.ParamType[Settings]):
    """A path to a `stream.toml`, read and checked."""

    name = "stream.toml"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Settings:  # noqa: ARG002
        """The settings in the file."""
        return value if isinstance(value, Settings) else load(Path(value))


stream_argument = click.argument("settings", metavar="STREAM.toml", type=StreamFile())
json_option = click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")


def print_json(facts: Any) -> None:
    """Print `facts` as one JSON document."""
    click.echo(json.dumps(facts, indent=2, default=str))
