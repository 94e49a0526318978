"""`scoreloop verify`: the promises I1 to I5, checked by rereading the topics."""

from typing import Any

import click

from console.progress import progress
from console.stream import json_option, stream_argument
from events.errors import ScoreloopError
from events.settings import Settings
from verify.report import Finding, Report

REPLAY = 2_000

_EXAMPLES = """\b
Examples:
  scoreloop verify stream.toml
  scoreloop verify stream.toml --replay all --json > report.json
"""
_TITLES = {
    "I1": "I1 each event has one prediction or one dead letter",
    "I2": "I2 nothing is there twice",
    "I3": "I3 the version that is named gives the same answer",
    "I4 answers": "I4 each answer has its label or its expiry",
    "I4 labels": "I4 labels add up",
    "I4 windows": "I4 final figures are the recomputed ones",
    "I5": "I5 one action a decision, epochs that grow, artefacts that stay",
}


class Replay(click.ParamType[int | None]):
    """How many answers of each version are scored again: a number, or `all`."""

    name = "replay"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """The number, None for all."""
        if value == "all":
            return None
        number: int = click.IntRange(min=0).convert(value, param, ctx)
        return number


@click.command(epilog=_EXAMPLES)
@stream_argument
@click.option("--replay", type=Replay(), default=REPLAY, show_default=True, metavar="N",
              help="Answers of each version to score again, over the whole log; 0, or `all`.")  # fmt: skip
@json_option
def verify(settings: Settings, replay: int | None, *, as_json: bool) -> None:
    """Check the promises I1-I5 by rereading the topics; exit 1 when one is broken.

    The stream may run or stand still: what its services have not committed yet counts as waiting. Nothing is
    written and nothing shared with the services but what the contract says. Needs room for temporary files,
    some 100 bytes a record.

    Not checked: what retention has deleted (counted), crash recovery (I6), drift alarms, whether a decision
    was right, figures of windows that are not final, and who signed what. A label in time that can have been
    read too late, since its partition was idle, is taken as late (counted).
    """
    from verify.run import verified

    report = verified(settings, replay, progress)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        click.echo("\n".join(sentences(report)))
    if not report.holds:
        broken = sorted({finding.promise for finding in report.findings})
        raise ScoreloopError(f"{settings.name} breaks {', '.join(broken)}; the records above show where")


def sentences(report: Report) -> list[str]:
    """The report for a person."""
    broken = {finding.promise for finding in report.findings}
    lines = [f"{report.stream}: {sum(report.records.values()):,} records read"]
    for part, counts in report.checked.items():
        verdict = "BROKEN" if part[:2] in broken else "ok"
        counted = ", ".join(f"{what} {number:,}" for what, number in counts.items())
        lines.append(f"{verdict:7}{_TITLES[part]}: {counted}")
    lines += [f"not checked: {what}: {number:,}" for what, number in report.not_checked.items()]
    for finding in report.findings:
        lines += _finding(finding)
    return lines


def _finding(finding: Finding) -> list[str]:
    lines = ["", f"{finding.promise} broken: {finding.sentence}: {finding.count:,}"]
    for example in finding.first:
        event = "" if example.event_id is None else f" (event {example.event_id})"
        lines.append(f"  {example.record}{event}: expected {example.expected}; found {example.found}")
    if finding.count > len(finding.first):
        lines.append(f"  and {finding.count - len(finding.first):,} more")
    return lines
