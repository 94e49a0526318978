"""`scoreloop train`: a first version from a file, made champion."""

import time
import uuid

import click

from console.sources import source_options
from console.stream import json_option, print_json, stream_argument
from consumers.registration import ModelsWriter
from events.settings import Settings
from models import training
from models.registry import Registry
from producers.examples import examples, origin
from producers.rows import Rows


@click.command(epilog="Example: scoreloop train stream.toml --csv history.csv --rows 0:2000")
@stream_argument
@source_options
@json_option
def train(settings: Settings, rows: Rows, seed: int, *, as_json: bool) -> None:
    """Train a version on a file's rows, in order of time, and make it the champion.

    Tries the families of [training], judges each on rows later than those it learned from, measures the best
    on the newest rows, registers it and writes `roles`: running scorers go over to it between two batches.
    Rows without a label, or without a feature that is not nullable, are left out and counted.
    """
    writer = ModelsWriter(settings)  # first: a broker that is away is told of before the work
    try:
        found = examples(settings, rows)
        say(f"{len(found.rows)} rows to learn from, {found.left_out} left out")
        trained = training.train(settings, found.rows, found.labels, say)
        kept = Registry(settings.registry.url).put_rows(found.columns(settings))
        trained_on = {**origin(rows, seed), "used": len(found.rows), "rows_sha256": kept}
        reason = f"trained on {len(found.rows)} rows of {rows.name}"
        roles = writer.promote(
            trained, trained_on, decision_id=str(uuid.uuid4()), reason=reason, now=time.time_ns() // 1_000_000
        )
    finally:
        writer.close()
    facts = {
        "version": roles.champion,
        "epoch": roles.epoch,
        "estimator": trained.estimator,
        "metrics": trained.metrics,
        "trained_on": trained_on,
    }
    if as_json:
        print_json(facts)
        return
    click.echo(
        f"version {roles.champion} ({trained.estimator}) is champion since epoch {roles.epoch}; "
        f"error {trained.metrics['error']:.4f} on the newest {trained.metrics['rows']} rows"
    )


def say(line: str) -> None:
    """Tell how the training goes, on standard error."""
    click.echo(line, err=True)
