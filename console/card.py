"""`scoreloop models card`: all that is known of a version, as a model card."""

from pathlib import Path

import click

from console.appointed import about
from console.audit import entries
from console.stock import Stock
from console.stream import stream_argument
from events.errors import ScoreloopError
from events.settings import Settings


@click.command(epilog="Example: scoreloop models card stream.toml 7 --out v7.md")
@stream_argument
@click.argument("version", type=click.IntRange(min=1))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write it there; default standard output.")  # fmt: skip
def card(settings: Settings, version: int, out: Path | None) -> None:
    """Write a version's model card in Markdown: what it predicts, learned from, is worth, and who decided.

    All of it is in the manifest, `control`, `models` and the registry; nothing is measured anew.
    """
    from console.card_page import page

    stock = Stock(settings)
    manifest, past = stock.manifest(version), list(stock.view.past())
    there = stock.facts(version)["registry"]
    trail = about(entries(settings), manifest, past)
    text = page(settings, manifest, stock.role(version), there, trail)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ScoreloopError(f"{out}: cannot be written: {error.strerror or error}") from None
