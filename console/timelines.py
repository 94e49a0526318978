"""The options by which `feed` and `backtest` are told when rows happen, and when their labels come."""

from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from console.durations import DurationType, TimeType
from console.sources import Command
from events.settings import Settings
from producers.rows import Rows
from producers.schedule import Timeline

_LAST_ROW_TIME = 1_704_067_200_000
"""2024-01-01T00:00Z: the event time of a file's last row, unless told."""

_OPTIONS = (
    click.option("--start", type=TimeType(), metavar="TIME",
                 help="Event time of row 0; default: the file's last row is at 2024-01-01T00:00Z."),
    click.option("--interval", type=DurationType(), default="1s", show_default=True, metavar="D",
                 help="Event time from one row to the next."),
    click.option("--label-delay", type=DurationType(zero=True), default="0s", show_default=True, metavar="D",
                 help="Event time from a row to its label."),
    click.option("--missing", type=click.FloatRange(0, 1), default=0.0, show_default=True, metavar="P",
                 help="Share of labels that never come; with 1, `feed` needs no label column."),
)  # fmt: skip


def timeline_options(command: Command) -> Command:
    """Give `command` --start, --interval, --label-delay and --missing: they become `timeline` and `missing`.

    It stands below the stream's argument and the options of the rows, of which a timeline is made; without
    rows it is None.
    """

    @wraps(command)
    def with_timeline(
        settings: Settings,
        *,
        rows: Rows | None,
        start: int | None,
        interval: int,
        label_delay: int,
        **options: Any,
    ) -> Any:
        if rows is None:
            _refuse_without_rows()
            return command(settings, rows=None, timeline=None, **options)
        if start is None:
            start = _LAST_ROW_TIME - (rows.total - 1) * interval
        timeline = Timeline(settings.name, start, interval, label_delay)
        return command(settings, rows=rows, timeline=timeline, **options)

    decorated: Command = with_timeline
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _refuse_without_rows() -> None:
    context = click.get_current_context()
    for name in ("start", "interval", "label_delay", "missing"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} is for a file's rows: also give --csv FILE or --synth NAME")
