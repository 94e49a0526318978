"""`scoreloop models register`: a model that was trained elsewhere, as a challenger or the first champion."""

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.decide import LONG, decide
from console.durations import DurationType
from console.operator import by_operator
from console.sources import source_options
from console.stock import Stock
from console.stream import json_option, stream_argument
from consumers.trainer.draft import DRAFT
from consumers.trainer.signing import signing
from events.errors import ScoreloopError
from events.settings import Settings
from producers.rows import Rows

if TYPE_CHECKING:
    from consumers.trainer.brought import Brought
    from producers.examples import Examples


@click.command(
    epilog='Example: scoreloop models register stream.toml --file ours.skops --reason "with the new prices"'
)
@stream_argument
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="A fitted pipeline: .skops, .onnx, or .joblib where that is allowed.")  # fmt: skip
@click.option("--champion", "at_once", is_flag=True,
              help="Make it champion at once, without holding it against the one there is.")  # fmt: skip
@partial(source_options, required=False)
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--timeout", type=DurationType(), default=LONG, show_default=True,
              help="How long to wait for what becomes of it.")  # fmt: skip
@json_option
def register(
    settings: Settings, file: Path, rows: Rows | None, seed: int, reason: str, timeout: int,
    *, at_once: bool, as_json: bool,
) -> int:  # fmt: skip
    """Bring a model of your own: it has to fit the stream's features, task and classes.

    It takes the way of every challenger: held against the champion on the newest labelled events, then on
    trial where [decisions] strategy says so. Without a champion it becomes the first one.

    With --csv it is measured on rows of a file that it has not seen, and these give its golden rows: answers
    that each scorer has to get from it before it serves. Without, the champion's golden rows are taken.
    The order of its columns is the schema's, numbers before categories; its classes are the stream's labels.
    """
    from consumers.trainer.brought import draft, read
    from producers.examples import examples

    del seed
    sign, stock = signing(settings), Stock(settings)
    data = _bytes(file)
    digest = hashlib.sha256(data).hexdigest()
    ours = any(manifest.artifact_sha256 == digest for manifest in stock.view.manifests.values())
    made = read(settings, data, file.suffix.removeprefix("."), ours=ours)
    found = None if rows is None else examples(settings, rows)
    answered = found.rows if found else _golden_rows(settings, stock)
    facts = _measured(settings, made, found) if found else {"metrics": {}}
    trained_on = {"file": file.name, "file_sha256": digest}
    version = sign(draft(settings, made, trained_on, answered, **facts))
    decision = by_operator(
        "promote" if at_once or stock.roles is None else "retrain",
        reason,
        evidence={DRAFT: version.model_dump()},
    )
    return decide(settings, decision, timeout, as_json=as_json)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ScoreloopError(f"{path}: cannot be read: {error.strerror or error}") from None


def _golden_rows(settings: Settings, stock: Stock) -> list[tuple[Any, ...]]:
    """The rows of the champion's golden answers."""
    from models.golden import golden_rows

    stated = None if stock.roles is None else stock.manifest(stock.roles.champion).golden
    rows = golden_rows(stated, settings.features)
    if not rows:
        raise ScoreloopError(
            "no champion has golden rows that it could answer too; give some with --csv FILE"
        )
    return rows


def _measured(settings: Settings, made: "Brought", found: "Examples") -> dict[str, Any]:
    """Its figures on the rows of a file, and what these are like."""
    from models.holdout import measured
    from models.problem import problem
    from models.reference import reference

    given = problem(settings, found.rows, found.labels)
    try:
        answers = given.answers(made.pipeline, slice(None))
        metrics = measured(given, made.pipeline, answers, slice(None), settings.positive_index)
    except (ValueError, ArithmeticError) as error:
        raise ScoreloopError(f"the model fails on the rows that were given: {error}") from None
    return {"metrics": metrics, "reference": reference(settings, found.rows).stated()}
