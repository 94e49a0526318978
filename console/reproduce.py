"""`scoreloop models reproduce`: a version made again from what its manifest says, and held against it."""

import click

from console.stock import Stock
from console.stream import json_option, print_json, stream_argument
from console.words import counted
from consumers.environment import told
from events.errors import ScoreloopError
from events.settings import Settings


@click.command(epilog="Example: scoreloop models reproduce stream.toml 7")
@stream_argument
@click.argument("version", type=click.IntRange(min=1))
@json_option
def reproduce(settings: Settings, version: int, *, as_json: bool) -> None:
    """Train a version again from its recorded rows and parameters; exit 1 unless it answers the same.

    The rows are those of the registry, or of `outcomes` between the recorded offsets. The format skops writes
    times into an artefact, so the answers are compared in place of the hashes: to every row that it learned
    from, bit for bit. They are only expected to agree with the same packages on the same kind of machine.
    """
    from consumers.trainer.reproduction import reproduced

    stock = Stock(settings)
    manifest = stock.manifest(version)
    learned_on = manifest.params.get("continues")
    parent = None if learned_on is None else stock.manifest(learned_on)
    found = reproduced(settings, manifest, parent, lambda line: click.echo(line, err=True))
    if as_json:
        print_json(found._asdict() | {"same": found.same})
    else:
        rows = counted(found.rows, "row", "rows")
        click.echo(f"version {version} made again from {rows}: {found.different} answers differ")
        if found.environment:
            click.echo(f"others now: {told(found.environment)}")
    if not found.same:
        raise ScoreloopError(f"version {version} answers {found.different} of {found.rows} rows otherwise")
