"""`scoreloop schema`: the JSON Schema of `stream.toml`."""

import click

from console.stream import print_json
from events.settings import Settings


@click.command(epilog="Example: scoreloop schema > stream.schema.json")
def schema() -> None:
    """Print the JSON Schema of stream.toml, with which an editor completes and checks it."""
    print_json(Settings.model_json_schema())
