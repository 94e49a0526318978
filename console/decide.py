"""`scoreloop retrain|rollback|promote|reject|pause|resume`: an operator's decision, and what became of it."""

from collections.abc import Callable
from typing import Any

import click

from console.durations import DurationType
from console.operator import by_operator
from console.stream import json_option, print_json, stream_argument
from events.durations import written
from events.errors import ScoreloopError
from events.records import Decision, DecisionResult
from events.settings import Settings
from producers.decisions import Asking

SHORT, LONG = "60s", "15m"

Command = Callable[..., Any]


def _command(timeout: str, version: str | None, example: str) -> Callable[[Command], click.Command]:
    """What the commands share; `version` is the help of --version."""

    def made(command: Command) -> click.Command:
        options = [
            stream_argument,
            *([click.option("--version", type=click.IntRange(min=1), help=version)] if version else []),
            click.option("--reason", required=True, help="Why; kept with the decision."),
            click.option("--timeout", type=DurationType(), default=timeout, show_default=True,
                         help="How long to wait for what becomes of it."),
            json_option,
        ]  # fmt: skip
        for option in reversed(options):
            command = option(command)
        return click.command(epilog=f"Example: scoreloop {example}")(command)

    return made


@_command(LONG, "Only if this version is still the champion.", 'retrain stream.toml --reason "new prices"')
def retrain(settings: Settings, version: int | None, reason: str, **how: Any) -> int:
    """Train on the newest labelled events, and promote what is better on the newest of them.

    What is not better than the champion, or takes longer than [training] time_limit, leaves it in its place.
    """
    return decide(settings, by_operator("retrain", reason, model_version=version), **how)


@_command(SHORT, "A previous champion, default the newest.", 'rollback stream.toml --reason "bad Mondays"')
def rollback(settings: Settings, version: int | None, reason: str, **how: Any) -> int:
    """Make a previous champion the champion again; the version left is not put back among the previous."""
    return decide(settings, by_operator("rollback", reason, target_version=version), **how)


@_command(SHORT, "The version; default the canary.", 'promote stream.toml --version 4 --reason "as agreed"')
def promote(settings: Settings, version: int | None, reason: str, **how: Any) -> int:
    """Make a version the champion; the champion before it becomes the newest of the previous."""
    return decide(settings, by_operator("promote", reason, target_version=version), **how)


@_command(
    SHORT,
    "A shadow, or the one that waits; default the canary, else the one that waits.",
    'reject stream.toml --reason "too slow"',
)
def reject(settings: Settings, version: int | None, reason: str, **how: Any) -> int:
    """Take the canary, or a shadow, out of the roles; or turn down the version that waits for approval."""
    return decide(settings, by_operator("reject", reason, target_version=version), **how)


@_command(SHORT, None, 'pause stream.toml --reason "labels are being repaired"')
def pause(settings: Settings, reason: str, **how: Any) -> int:
    """Reject what the monitor decides until `resume`; operators' decisions are acted on."""
    return decide(settings, by_operator("pause", reason), **how)


@_command(SHORT, None, 'resume stream.toml --reason "labels are right again"')
def resume(settings: Settings, reason: str, **how: Any) -> int:
    """Act on the monitor's decisions again."""
    return decide(settings, by_operator("resume", reason), **how)


def decide(settings: Settings, decision: Decision, timeout: int, *, as_json: bool) -> int:
    """Write the decision, wait, and print what became of it; the exit code."""
    named = f"{decision.action} {decision.decision_id}"
    with Asking(settings) as asking:
        asking.put(decision)
        click.echo(f"{named} is in control", err=True)
        if not asking.trainer_runs:
            click.echo(
                "no trainer runs, and the decision waits for one: `scoreloop up STREAM.toml`, or "
                "`scoreloop trainer STREAM.toml` alone",
                err=True,
            )
        try:
            result = asking.result(timeout / 1000, lambda line: click.echo(line, err=True))
        except KeyboardInterrupt:
            click.echo(f"\n{named} stays in control: {_KEY.format(decision.decision_id)}", err=True)
            raise
    if result is None:
        raise ScoreloopError(
            f"{named} was not acted on in {written(timeout)}; it stays in control: "
            + _KEY.format(decision.decision_id)
        )
    _print(decision, result, as_json=as_json)
    return 0 if result.status == "done" else 1


_KEY = "a trainer acts on it when it comes to it, and then `models` says so under decision/{}"


def _print(decision: Decision, result: DecisionResult, *, as_json: bool) -> None:
    if as_json:
        print_json({"decision_id": decision.decision_id, "action": decision.action, **result.model_dump()})
    else:
        epoch = "" if result.epoch is None else f" (epoch {result.epoch})"
        click.echo(f"{result.status}: {result.reason}{epoch}")
