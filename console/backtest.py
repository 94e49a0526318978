"""`scoreloop backtest`: what the stream's policy, and others, would have done on past events."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from console.durations import DurationType
from console.progress import progress
from console.sources import source_options
from console.stream import json_option, print_json, stream_argument
from console.timelines import timeline_options
from events.settings import Settings
from producers.rows import Rows
from producers.schedule import Timeline

if TYPE_CHECKING:
    from backtest.past import Past
    from backtest.told import Told

_EXAMPLES = """\b
Examples:
  scoreloop backtest stream.toml --policy eager.toml --baselines
  scoreloop backtest stream.toml --csv history.csv --interval 30m --label-delay 24h --baselines
  scoreloop backtest stream.toml --csv history.csv --policy eager.toml --policy calm.toml --output report
"""


class RowNumbers(click.ParamType[tuple[int, ...]]):
    """Rows' numbers with commas between them."""

    name = "rows"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers."""
        if not isinstance(value, str):
            return tuple(value)
        if not all(part.strip().isdecimal() for part in value.split(",")):
            self.fail(f"{value!r} is not of the form A,B,C, rows counted from 0", param, ctx)
        return tuple(map(int, value.split(",")))


@click.command(epilog=_EXAMPLES)
@stream_argument
@partial(source_options, required=False)
@timeline_options
@click.option("--first", type=click.IntRange(min=1), default=2_000, show_default=True, metavar="N",
              help="How many of the rows, or events, train the first version.")  # fmt: skip
@click.option("--newest", type=click.IntRange(min=2), default=100_000, show_default=True, metavar="N",
              help="Without a file: so many of the stream's events, about 2 kB of memory each.")  # fmt: skip
@click.option("--training-time", type=DurationType(zero=True), default="0s", show_default=True, metavar="D",
              help="Event time that a training takes.")  # fmt: skip
@click.option("--policy", "files", type=click.Path(path_type=Path), multiple=True, metavar="A.toml",
              help="Another policy: its [decisions] and [training] over the stream's.")  # fmt: skip
@click.option("--baselines", is_flag=True,
              help="Also: never, periodic, random, an adaptive forest, the newest label.")  # fmt: skip
@click.option("--drifts", type=RowNumbers(), default=(), metavar="A,B",
              help="Rows at which the world is known to change: for an oracle, and regret.")  # fmt: skip
@click.option("--retrain-cost", type=click.FloatRange(min=0), default=10.0, show_default=True, metavar="C",
              help="What a retrain costs, in losses of 1.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="A folder for error.png, the error over time.")  # fmt: skip
@json_option
def backtest(
    settings: Settings,
    rows: Rows | None,
    seed: int,
    timeline: Timeline | None,
    files: tuple[Path, ...],
    drifts: tuple[int, ...],
    retrain_cost: float,
    output: Path | None,
    *,
    as_json: bool,
    **how: Any,
) -> None:
    """Ask what a policy would have done: the live loop's own steps, on past events.

    With --csv or --synth these are a file's rows, and no broker is needed: the first rows train the first
    version; the others are events, and their labels come as `feed` sends them: the same delay, and with the
    same seed the same labels missing.

    Without a file they are the stream's own, read from `outcomes` and `predictions`: the newest --newest that
    were served, in order of event time, each with its label at the time at which that came. The first --first
    of them train the first version: not one that served then. An answer that expired or still waits has no
    label.

    What the monitor would have decided is carried out as the trainer would have, in event time. The stream's
    own settings are the policy `stream`. The error is that of every event whose label is known, in a file
    also where the loop did not get it; cost is the sum of the losses plus --retrain-cost for each training;
    regret is the cost above the oracle's.
    """
    from backtest.run import Backtest, Question

    logging.getLogger("consumers").setLevel(logging.ERROR)  # what it would have told live is in the table
    question = Question(
        policies=_policies(settings, files), past=_past(settings, rows, timeline, seed, how), seed=seed,
        training_time=how["training_time"], with_baselines=how["baselines"], drifts=drifts,
    )  # fmt: skip
    with TemporaryDirectory(prefix="scoreloop-backtest-") as registry:
        asked = Backtest(question, registry, lambda line: click.echo(line, err=True))
        told = list(asked.told(progress))
    facts = _facts(told, retrain_cost)
    if output is not None:
        from console.backtest_picture import draw

        output.mkdir(parents=True, exist_ok=True)
        draw(output / "error.png", f"{settings.name}: {question.past.name}", asked.history, told, drifts)
    if as_json:
        print_json(facts)
    else:
        _print(facts, f"{settings.name}: {len(asked.history):,} events of {question.past.name}", retrain_cost)
        if output is not None:
            click.echo(f"the picture: {output / 'error.png'}")


def _past(
    settings: Settings, rows: Rows | None, timeline: Timeline | None, seed: int, how: Mapping[str, Any]
) -> "Past":
    from backtest import outcomes, past

    if rows is None or timeline is None:
        return outcomes.of_outcomes(settings, how["first"], how["newest"], progress)
    return past.of_rows(settings, rows, how["first"], timeline, how["missing"], seed)


def _policies(settings: Settings, files: Sequence[Path]) -> dict[str, Settings]:
    from backtest.policies import STREAM, overlaid

    policies = {STREAM: settings}
    for file in files:
        if file.stem in policies:
            raise click.UsageError(
                f"--policy {file}: there is a policy {file.stem!r} already; rename the file"
            )
        policies[file.stem] = overlaid(settings, file)
    return policies


def _facts(told: Sequence["Told"], retrain_cost: float) -> list[dict[str, Any]]:
    oracle = next((one.cost(retrain_cost) for one in told if one.policy == "oracle"), None)
    return [
        {
            "policy": one.policy,
            "error": None if isnan(one.error) else one.error,
            "retrains": len(one.trainings),
            "alarms": len(one.alarms),
            "cost": one.cost(retrain_cost),
            "regret": None if oracle is None else one.cost(retrain_cost) - oracle,
            "alarm_retrains": sum(training.by_alarm for training in one.trainings),
            "promotions": len(one.promotions),
            "rollbacks": len(one.rollbacks),
            "events": len(one.losses),
        }
        for one in told
    ]


def _print(facts: Sequence[dict[str, Any]], title: str, retrain_cost: float) -> None:
    counts = ("alarms", "retrains", "promotions", "rollbacks")
    table = Table(
        "policy", "error", *counts, "cost", "regret", title=title, title_justify="left",
        caption=f"cost: the losses, and {retrain_cost:g} for each retrain", caption_justify="left",
    )  # fmt: skip
    for column in table.columns[1:]:
        column.justify = "right"
    for one in facts:
        error = "none" if one["error"] is None else f"{one['error']:.4f}"
        regret = "" if one["regret"] is None else f"{one['regret']:,.0f}"
        table.add_row(one["policy"], error, *(f"{one[c]:,}" for c in counts), f"{one['cost']:,.0f}", regret)
    Console(width=max(Console().width, 100)).print(table)
