"""A small world that turns over, as rows with their labels, and backtests of it."""

import csv
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backtest.past import of_rows
from backtest.run import Backtest, Question
from backtest.told import Told
from events.settings import Settings
from producers.rows import open_rows
from producers.schedule import Timeline

FIRST, TURNS, END = 400, 1_000, 1_600
"""Rows: what the first version learns from, where the world turns over, and where it ends."""
START = 1_700_000_000_000
BODY: dict[str, Any] = {
    "name": "world",
    "task": "classification",
    "features": {"x": "number", "y": "number"},
    "labels": {"classes": [0, 1], "horizon": "50s"},
    "windows": {"length": "100s", "bucket": "20s"},
    "decisions": {"false_alarm_every": 1_000, "retrain_from": 200},
    "training": {"families": ["linear"], "folds": 2},
}


def stream(**changes: Any) -> Settings:
    return Settings.model_validate({**BODY, **changes})


def written(folder: Path, turns: int = TURNS, end: int = END, moves: int = END) -> Path:
    """A CSV of events whose label is `x > 0`, for the next `turns` rows `x < 0`, and so on in turn.

    From row `moves` on y is high.
    """
    path, chance = folder / "world.csv", random.Random(5)
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["x", "y", "label"])
        for row in range(end):
            x, y = chance.gauss(0, 1), chance.gauss(0, 1)
            lines.writerow([x, y + 3 * (row >= moves), int((x > 0) == (row // turns % 2 == 0))])
    return path


def asked(path: Path, settings: Settings, **how: Any) -> Question:
    timeline = Timeline(settings.name, START, 1_000, how.pop("delay", 5_000))
    past = of_rows(settings, open_rows(path), FIRST, timeline, how.pop("missing", 0.0), how.get("seed", 0))
    return Question(**{"policies": {"stream": settings}, "past": past, **how})


@contextmanager
def unseen(_name: str, _events: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


def told(question: Question, folder: Path) -> dict[str, Told]:
    """What came of each policy, by name."""
    backtest = Backtest(question, str(folder / "registry"), lambda _line: None)
    return {one.policy: one for one in backtest.told(unseen)}
