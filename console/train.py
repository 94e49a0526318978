"""`scoreloop train`: a first version from a file, made champion."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from uuid import uuid4

import click

from console.operator import by_operator
from console.sources import source_options
from console.stream import json_option, print_json, stream_argument
from consumers.trainer.draft import DRAFT
from consumers.trainer.signing import signing
from events import topics
from events.errors import ScoreloopError
from events.records import Decision, DecisionResult
from events.settings import Settings
from producers.decisions import Asking
from producers.rows import Rows
from transport.topics import require

_RUNNING_SECONDS = 3.0
"""How long a trainer that runs has before one is run here: it may have been killed a moment ago."""
_RESULT_SECONDS = 60.0
_LOOK_SECONDS = 0.5


@click.command(epilog="Example: scoreloop train stream.toml --csv history.csv --rows 0:2000")
@stream_argument
@source_options
@json_option
def train(settings: Settings, rows: Rows, seed: int, *, as_json: bool) -> None:
    """Train a version on a file's rows, in order of time, and make it the champion.

    Tries the families of [training], judges each on rows later than those it learned from, measures the best
    on the newest rows, registers it and writes `roles`: running scorers go over to it between two batches.
    Rows without a label, or without a feature that is not nullable, are left out and counted. What [data] in
    stream.toml does not allow stops the training; `scoreloop data` shows what was looked at.
    """
    from consumers.trainer.means import means
    from consumers.trainer.registration import registered
    from models import training
    from models.dataset_admission import admitted
    from models.registry import Registry
    from producers.examples import examples, origin

    sign = signing(settings)
    require(settings, topics.CONTROL, topics.MODELS)  # a broker that is away is told of before the work
    found = examples(settings, rows, with_broken=True)
    looked_at = admitted(found.dataset(settings), time.time_ns() // 1_000_000)
    for flaw in looked_at.flaws:
        if flaw.severity == "warning":
            say(f"warning: {flaw.sentence}")
    found = found.at(looked_at.positions)
    say(f"{len(found.rows)} rows to learn from, {len(rows) - len(found.rows)} left out")
    with means(settings) as given:
        trained = training.train(settings, found.rows, found.labels, say, means=given)
    trained.metrics["data"] = looked_at.stated
    kept = Registry(settings.registry.url).put_rows(found.columns(settings))
    trained_on = {**origin(rows, seed), "used": len(found.rows), "rows_sha256": kept}
    draft = sign(registered(settings, trained, trained_on))
    reason = f"trained on {len(found.rows)} rows of {rows.name}"
    result = promoted(settings, by_operator("promote", reason, evidence={DRAFT: draft.model_dump()}))
    facts = {
        "version": result.version,
        "epoch": result.epoch,
        "estimator": trained.estimator,
        "metrics": trained.metrics,
        "trained_on": trained_on,
    }
    if as_json:
        print_json(facts)
        return
    click.echo(
        f"version {result.version} ({trained.estimator}) is champion since epoch {result.epoch}; "
        f"error {trained.metrics['error']:.4f} on the newest {trained.metrics['rows']} rows"
    )


def promoted(settings: Settings, decision: Decision) -> DecisionResult:
    """What the trainer made of the promotion; without one that runs, one is run here meanwhile.

    Raises:
        ScoreloopError: it did not become champion.
    """
    with Asking(settings) as asking:
        result = None
        if asking.trainer_runs:
            asking.put(decision)
            result = asking.result(_RUNNING_SECONDS, _unsaid)
        if result is None:
            with _trainer(settings) as failures:
                asking.put(decision)  # a second time is passed over
                result = _awaited(asking, failures)
    if result is None:
        raise ScoreloopError(
            f"no trainer has acted on decision {decision.decision_id} in {_RESULT_SECONDS:.0f} s; it stays "
            "in control: look with `scoreloop status`"
        )
    if result.status != "done":
        raise ScoreloopError(f"the version is not champion: {result.reason}")
    return result


def _awaited(asking: Asking, failures: list[BaseException]) -> DecisionResult | None:
    """What becomes of the decision, while the trainer that runs here is well."""
    until = time.monotonic() + _RESULT_SECONDS
    while (result := asking.result(_LOOK_SECONDS, _unsaid)) is None and time.monotonic() < until:
        if failures:
            raise failures[0]
    return result


@contextmanager
def _trainer(settings: Settings) -> Iterator[list[BaseException]]:
    """A trainer in a slot of its own while it is needed; its failure, if any, is in the list."""
    from consumers.trainer.service import run_trainer

    stop, failures = Event(), []

    def work() -> None:
        try:
            run_trainer(settings, f"train-{uuid4().hex[:8]}", stop)
        except BaseException as error:  # noqa: BLE001 (raised by who waits for it)
            failures.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield failures
    finally:
        stop.set()
        thread.join()


def _unsaid(_line: str) -> None:
    """What the trainers do meanwhile is not this command's to tell."""


def say(line: str) -> None:
    """Tell how the training goes, on standard error."""
    click.echo(line, err=True)
