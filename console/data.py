"""`scoreloop data`: what is wrong with rows that are to be learned from, before anything is."""

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.progress import progress
from console.sources import source_options
from console.stream import json_option, print_json, stream_argument
from console.words import percent
from events.errors import ScoreloopError
from events.settings import Settings
from producers.rows import Rows

if TYPE_CHECKING:
    from console.data_facts import Look
    from models.dataset import Dataset

_EXAMPLES = """\b
Examples:
  scoreloop data stream.toml --csv history.csv --rows 0:2000
  scoreloop data stream.toml --csv history.csv --output report     # also data.html, data.png and data.json
  scoreloop data stream.toml                                       # what a retrain would learn from now
"""


@click.command(epilog=_EXAMPLES)
@stream_argument
@partial(source_options, required=False)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="A folder for data.json, data.html and data.png.")  # fmt: skip
@json_option
def data(settings: Settings, rows: Rows | None, seed: int, output: Path | None, *, as_json: bool) -> int:
    """Look at the rows of a training: a file's, or without one the stream's own labelled outcomes.

    Looks for what is missing, constant, out of range, repeated or contradictory, for features that tell the
    label too well to be known before it, rare classes, late labels, and what is not as it was in the newest
    rows. Exits 1 where a limit of [data] in stream.toml is broken: `train` and a retrain refuse such rows.
    """
    from console.data_facts import facts, look
    from models.dataset_survey import steps

    dataset, source = _dataset(settings, rows)
    with progress("looking at the columns", steps(dataset)) as tell:
        found = look(dataset, seed, time.time_ns() // 1_000_000, tell)
    told = facts(settings, source, found)
    if output is not None:
        _write(output, dataset, found, told)
    if as_json:
        print_json(told)
    else:
        _print(found, f"{settings.name}: {source}")
        if output is not None:
            click.echo(f"the page: {output / 'data.html'}")
    return int(any(flaw.severity == "stops" for flaw in found.flaws))


def _dataset(settings: Settings, rows: Rows | None) -> "tuple[Dataset, str]":
    """The rows, and where they are from."""
    from rich.console import Console

    if rows is not None:
        from producers.examples import examples

        with Console(stderr=True).status(f"reading {rows.name}"):
            return examples(settings, rows, with_broken=True).dataset(settings), rows.name
    from consumers.trainer import examples as outcomes

    found = outcomes.examples(settings, lambda line: click.echo(line, err=True)).labelled
    if not found.rows:
        raise ScoreloopError("outcomes have no labelled event that was served; give a file with --csv")
    return found.dataset(settings), "outcomes"


def _write(output: Path, dataset: "Dataset", found: "Look", told: dict[str, Any]) -> None:
    from console.data_page import write

    output.mkdir(parents=True, exist_ok=True)
    (output / "data.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    write(output, dataset, found, str(told["source"]))


def _print(found: "Look", title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    survey = found.survey
    left_out = ", ".join(f"{count:,} {why}" for why, count in survey.left_out.items()) or "none"
    told = f"{survey.rows:,} rows; left out: {left_out}; repeats {percent(survey.repeats)}"
    console = Console(width=max(Console().width, 100), soft_wrap=False)
    console.print(f"{title}: {told}", highlight=False)
    if not found.flaws:
        console.print("nothing is wrong with them that was looked for")
        return
    table = Table("", "of", "what", "what to do", show_lines=True)
    for flaw in found.flaws:
        what = f"[data] {flaw.limit} is broken: {flaw.words}" if flaw.limit else flaw.words
        style = "bold red" if flaw.severity == "stops" else None
        table.add_row(
            flaw.severity, flaw.kind, what.replace("[", r"\["), flaw.advice.replace("[", r"\["), style=style
        )
    console.print(table)
