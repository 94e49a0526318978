"""`scoreloop explain`: one event, the version that answered it, why, and who had that version serve."""

from typing import TYPE_CHECKING

import click

from console.answered import answer, outcome
from console.appointed import behind, roles_then
from console.audit import entries
from console.explained import facts, told
from console.progress import progress
from console.stock import Stock
from console.stream import json_option, print_json, stream_argument
from events.errors import ScoreloopError
from events.records import Manifest, Prediction
from events.settings import Settings

if TYPE_CHECKING:
    from models.explaining import Explanation

_EXAMPLES = """\b
Examples:
  scoreloop explain stream.toml payments-1042
  scoreloop explain stream.toml payments-1042 --rows 1000000 --json
"""


@click.command(epilog=_EXAMPLES)
@stream_argument
@click.argument("event_id")
@click.option("--rows", "most", type=click.IntRange(min=1),
              help="How many rows the version may answer for this, default some seconds' worth: more are "
              "more exact.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of permutations that are sampled.")
@json_option
def explain(settings: Settings, event_id: str, most: int | None, seed: int, *, as_json: bool) -> None:
    """Say why an event was answered as it was, what it turned out to be, and why that version served.

    The contributions are Shapley values: base, the mean answer to rows that the version learned from, and the
    contributions add up to the answer. They are exact with few features, and by shap with trees on numbers
    (pip install 'scoreloop[explain]'); else they are sampled, and their standard errors are given. Of an
    event_id that came twice the newest is explained. Exits 1 if the version does not answer here as it did.
    """
    answered, since = answer(settings, event_id)
    ended = outcome(settings, answered, since)
    stock = Stock(settings)
    manifest = stock.manifest(answered.model_version)
    found, origin = _explained(settings, stock, manifest, answered, most, seed)
    past = list(stock.view.past())
    roles = roles_then(past, manifest.version, answered.role, answered.scored_ts)
    epoch = None if roles is None else roles.epoch
    lines = behind(entries(settings), manifest, past, epoch or 0)
    all_of_it = facts(answered, epoch, ended, found, origin, lines)
    if as_json:
        print_json(all_of_it)
    else:
        click.echo("\n".join(told(all_of_it)))
    if not all_of_it["explained"]["adds_up"]:
        raise ScoreloopError(
            f"version {manifest.version} does not answer here as it did when it served: compare the packages "
            "with its `environment` in `scoreloop models show`"
        )


def _explained(
    settings: Settings, stock: Stock, manifest: Manifest, answered: Prediction, most: int | None, seed: int
) -> "tuple[Explanation, str]":
    """Why the version answered so, and where the background is from."""
    from console.background import background
    from models.explaining import explanation, most_rows
    from models.opening import opened

    if manifest.schema_sha256 != settings.schema_sha256:
        raise ScoreloopError(f"version {manifest.version} was trained for another schema than stream.toml's")
    click.echo(f"reading rows that version {manifest.version} learned from", err=True)
    against = background(settings, manifest, stock.registry)
    pipeline = opened(manifest, stock.registry, settings)
    event = tuple(answered.features.get(name) for name in settings.features)
    most = most or most_rows(pipeline)
    with progress("answering", most) as tell:
        found = explanation(settings, pipeline, event, answered.prediction, against.rows, most, seed, tell)
    return found, against.origin
