"""The error over time of several policies as a picture, and what the first of them did."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.picture import ALARM, PROMOTION, ROLLBACK, WORLD, Mark

if TYPE_CHECKING:
    from backtest.history import History
    from backtest.told import Told

_POINTS = 60
_DAY_MS = 86_400_000


def draw(path: Path, title: str, history: "History", told: Sequence["Told"], drifts: Sequence[int]) -> None:
    """Write a PNG of each policy's mean loss over spans of events."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), layout="constrained")
    axes = figure.subplots()
    for number, one in enumerate(told):
        middles, errors = _spans(one.losses)
        days = np.interp(middles, np.arange(len(history)), history.times) / _DAY_MS
        label = f"{one.policy}: {one.error:.4f}"
        if number == 0:
            axes.plot(days, errors, label=label, color="black", linewidth=2, zorder=3)
        else:
            axes.plot(days, errors, label=label, linewidth=1, alpha=0.7)
    for mark in _marks(history, told[0], drifts):
        axes.axvline(mark.ts / _DAY_MS, color=mark.color, linestyle=":", linewidth=1, label=mark.what or None)
    axes.set(title=title, ylabel="error")
    axes.xaxis_date("UTC")
    axes.set_xlabel("event time")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", fontsize=8, ncols=2)
    axes.grid(alpha=0.25)
    figure.savefig(path, dpi=120)


def _spans(losses: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middle of each span of events, and the mean loss in it; NaN where nothing is known."""
    parts = [part for part in np.array_split(np.arange(len(losses)), _POINTS) if len(part)]
    means = [np.nan if np.isnan(losses[part]).all() else np.nanmean(losses[part]) for part in parts]
    return np.array([part.mean() for part in parts]), np.array(means)


def _marks(history: "History", one: "Told", drifts: Sequence[int]) -> list[Mark]:
    """When something happened; of each kind the first has its word."""
    kinds = [
        ("a known drift", WORLD, [history.time(max(0, row - history.first)) for row in drifts]),
        (f"{one.policy}: alarm", ALARM, [drift.ts for drift in one.alarms]),
        (f"{one.policy}: promotion", PROMOTION, one.promotions),
        (f"{one.policy}: rollback", ROLLBACK, one.rollbacks),
    ]
    return [
        Mark(ts, what if number == 0 else "", color)
        for what, color, moments in kinds
        for number, ts in enumerate(moments)
    ]
