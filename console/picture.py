"""Error over time as a picture: its coverage band, who served, and what the loop did."""

from collections.abc import Iterable, Sequence
from math import nan
from pathlib import Path
from typing import NamedTuple

from events.records import Metric


class Mark(NamedTuple):
    """Something that happened, at an event time; where it is the same again, with no word."""

    ts: int
    what: str
    color: str


ALARM, RETRAIN, PROMOTION, ROLLBACK, WORLD = "#c62828", "#ef8f00", "#2e7d32", "#6a1b9a", "#616161"
_VERSIONS = ("#1f77b4", "#17a398", "#8c564b", "#7f7f7f", "#bcbd22")


def draw(path: Path, title: str, metrics: Sequence[Metric], marks: Sequence[Mark]) -> None:
    """Write a PNG of the champions' final windows, each with what its error can be whatever is unlabelled."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots()
    for number, version in enumerate(sorted({metric.model_version for metric in metrics})):
        color = _VERSIONS[number % len(_VERSIONS)]
        own = [m for m in metrics if m.model_version == version and m.error is not None]
        for run in _runs(own):
            label = f"version {version}" if run[0] is own[0] else None
            times = [_days((m.from_ts + m.to_ts) / 2) for m in run]
            axes.plot(times, _numbers(m.error for m in run), color=color, marker=".", label=label)
            low, high = _numbers(m.error_low for m in run), _numbers(m.error_high for m in run)
            axes.fill_between(times, low, high, color=color, alpha=0.15, linewidth=0)
    for mark in marks:
        axes.axvline(_days(mark.ts), color=mark.color, linestyle="--" if mark.what else ":", linewidth=1)
    for number, mark in enumerate(sorted(mark for mark in marks if mark.what)):
        height = 0.97 - 0.075 * (number % 6)
        axes.annotate(
            f" {mark.what}", (_days(mark.ts), height), xycoords=("data", "axes fraction"), color=mark.color,
            fontsize=8, va="top",
        )  # fmt: skip
    axes.set(title=title, ylabel="error, with what it can be\nwhatever the missing labels are")
    axes.xaxis_date("UTC")
    axes.set_xlabel("event time")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", fontsize=8)
    axes.grid(alpha=0.25)
    figure.savefig(path, dpi=120)


def _runs(metrics: Sequence[Metric]) -> list[list[Metric]]:
    """A version that served twice is two lines."""
    runs: list[list[Metric]] = []
    for metric in metrics:
        if runs and metric.from_ts - runs[-1][-1].to_ts <= metric.to_ts - metric.from_ts:
            runs[-1].append(metric)
        else:
            runs.append([metric])
    return runs


def _days(ms: float) -> float:
    return ms / 86_400_000


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [nan if value is None else value for value in values]
