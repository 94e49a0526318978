"""`scoreloop approve`: a promotion that waits for an operator, carried out."""

from typing import Any

import click

from console.decide import SHORT, decide
from console.durations import DurationType
from console.operator import by_operator
from console.pending import Pending, asked_for
from console.stream import json_option, stream_argument
from consumers.trainer.approval import APPROVES
from events import topics
from events.errors import ScoreloopError
from events.records import DecisionResult
from events.settings import Settings
from transport.standing import newest
from transport.topics import require

_EXAMPLES = """\b
Examples:
  scoreloop status stream.toml                                   # says what waits, and what speaks for it
  scoreloop approve stream.toml
  scoreloop approve stream.toml trial.3.7 --reason "looked at its windows"
  scoreloop reject stream.toml --reason "not on a Friday"         # turns it down
"""


@click.command(epilog=_EXAMPLES)
@stream_argument
@click.argument("decision_id", required=False)
@click.option("--reason", default="approved", show_default=True, help="Why; kept with the decision.")
@click.option(
    "--timeout",
    type=DurationType(),
    default=SHORT,
    show_default=True,
    help="How long to wait for what becomes of it.",
)
@json_option
def approve(settings: Settings, decision_id: str | None, reason: str, **how: Any) -> int:
    """Make the version champion whose promotion waits, with [decisions] approval = "manual".

    It writes a promotion to `control` that names the version, the champion that it was held against, and the
    decision that is approved of: where another decision waits by then, or none, it is rejected.
    """
    require(settings, topics.CONTROL, topics.MODELS)
    waits = chosen(settings, decision_id, newest(settings.kafka, topics.MODELS.of(settings.name)))
    click.echo(f"approving {waits.decision_id}: {waits.why}", err=True)
    evidence = {APPROVES: waits.decision_id}
    made = by_operator(
        "promote", reason, model_version=waits.champion, target_version=waits.version, evidence=evidence
    )
    return decide(settings, made, **how)


def chosen(settings: Settings, decision_id: str | None, models: dict[bytes, bytes]) -> Pending:
    """What is approved of: what waits, if that is `decision_id`.

    Raises:
        ScoreloopError: nothing waits, or another decision does.
    """
    waits = asked_for(settings, models)
    if waits is not None and decision_id in {None, waits.decision_id}:
        return waits
    now = "nothing waits for approval" if waits is None else f"{waits.decision_id} waits for approval"
    if decision_id is None:
        automatic = settings.decisions.approval == "automatic"
        raise ScoreloopError(f"{now}" + (': [decisions] approval is "automatic"' if automatic else ""))
    result = DecisionResult.found(models.get(topics.decision_key(decision_id), b""))
    known = (
        "no such decision waits" if result is None else f"it is settled ({result.status}: {result.reason})"
    )
    raise ScoreloopError(f"{decision_id}: {known}; {now}")
