"""Every family on three streams: what it finds, how long it learns, and how fast it scores.

    python bench/families.py --csv electricity.csv --table docs/families.md

Each family is trained alone, as `scoreloop train` would on the stream's rows, and measured on the newest
quarter of them. Scoring is that of a scorer: rows in, answers out, in batches of 5,000 and one by one.
Without the CSV its stream is left out, and the table says so.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from river.datasets import synth

from events.errors import ScoreloopError
from events.schema import Label
from events.settings import OF_ARRAYS, Family, Settings
from models.families import ESTIMATORS
from models.frame import Row
from models.scoring import Version
from models.training import train
from producers.examples import examples
from producers.rows import open_rows

BATCH, ALONE = 5_000, 30
FAMILIES: tuple[Family, ...] = get_args(Family)
CLASSIFICATION = ("accuracy", "precision", "recall", "f1", "auc", "log_loss", "brier", "calibration_error")
REGRESSION = ("mse", "mae", "rmse", "r2")
PRICES = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")


@dataclass(frozen=True)
class Stream:
    """Rows with their labels, in order of time."""

    title: str
    settings: Settings
    rows: Sequence[Row]
    labels: Sequence[Label]


def main() -> None:
    """Write the table, or print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--csv", type=Path, help="electricity.csv")
    parser.add_argument("--rows", type=int, default=6_000, help="of each stream")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    start = time.monotonic()
    tables = [
        line
        for stream in streams(arguments.csv, arguments.rows)
        for line in table(stream, arguments.families)
    ]
    text = "\n".join([*heading(arguments, time.monotonic() - start), *tables])
    if arguments.table:
        arguments.table.write_text(text, encoding="utf-8")
    else:
        print(text)


def streams(csv: Path | None, count: int) -> Iterator[Stream]:
    """Electricity where its file is there, and two of river's generators."""
    if csv is not None and csv.exists():
        settings = stream("electricity", dict.fromkeys(PRICES, "number"), classes=[0, 1])
        found = examples(settings, open_rows(csv, f":{count}"))
        yield Stream("electricity, the file's first rows", settings, found.rows, found.labels)
    numbers = stream("friedman", {f"x{i}": "number" for i in range(10)})
    drawn = list(islice(synth.Friedman(seed=1), count))
    yield Stream(
        "Friedman's function: a regression", numbers, [tuple(x.values()) for x, _ in drawn],
        [y for _, y in drawn],
    )  # fmt: skip
    waves = stream("waves", {"wave": {"type": "number", "shape": [21]}}, classes=[0, 1, 2])
    drawn = list(islice(synth.Waveform(seed=1), count))
    yield Stream(
        "waveforms: one array feature of 21 numbers", waves, [(list(x.values()),) for x, _ in drawn],
        [y for _, y in drawn],
    )  # fmt: skip


def stream(name: str, features: dict[str, Any], classes: Sequence[int] | None = None) -> Settings:
    """The settings of a stream."""
    task = "classification" if classes else "regression"
    labels = {"classes": classes} if classes else {}
    return Settings.model_validate({"name": name, "task": task, "features": features, "labels": labels})


def heading(arguments: argparse.Namespace, seconds: float) -> Iterator[str]:
    """What was run."""
    yield "# Families of models, compared"
    yield f"Written by `python bench/families.py` on {datetime.now(UTC):%Y-%m-%d} in {seconds:.0f} s: each"
    yield f"family's default grid, default preparation, {arguments.rows:,} rows a stream, figures on the"
    yield "newest quarter. `trained` is the whole search with its last fit; `rows/s` is scoring in batches of"
    yield "5,000; `one row` is an event alone. Times are of two shared cores, whatever else they did: compare"
    yield "them with each other."
    if arguments.csv is None or not arguments.csv.exists():
        yield "Electricity was left out: its file was not given."
    yield ""


def table(given: Stream, families: Sequence[Family]) -> Iterator[str]:
    """One stream's families, a line each."""
    figures = CLASSIFICATION if given.settings.classes else REGRESSION
    yield f"## {given.title[0].upper()}{given.title[1:]}"
    yield "| family | best | " + " | ".join(figures).replace("_", " ") + " | trained | rows/s | one row |"
    yield "| --- | --- | " + "--- | " * (len(figures) + 3)
    arrays = any(feature.shape for feature in given.settings.features.values())
    able = [one for one in families if (one, given.settings.task) in ESTIMATORS]
    for family in able if arrays else [one for one in able if one not in OF_ARRAYS]:
        yield f"| {family} | " + " | ".join(line(given, family, figures)) + " |"
    yield ""


def line(given: Stream, family: Family, figures: Sequence[str]) -> Iterator[str]:
    """What came of one family."""
    alone = given.settings.training.model_copy(update={"families": (family,)})
    settings = given.settings.model_copy(update={"training": alone})
    start = time.perf_counter()
    try:
        trained = train(settings, given.rows, given.labels)
    except ScoreloopError as error:
        yield str(error)
        return
    seconds = time.perf_counter() - start
    version = Version(1, trained.pipeline, settings.features, settings.task, settings.classes)
    rows = given.rows[:BATCH]
    version.scored(rows)
    yield " ".join(f"{name}={value}" for name, value in trained.params["params"].items())
    for figure in figures:
        value = trained.metrics["values"][figure]
        yield "" if value is None else f"{value:.3f}"
    yield f"{seconds:.1f} s"
    yield f"{len(rows) / timed(lambda: version.scored(rows)):,.0f}"
    yield f"{1e3 * timed(lambda: [version.scored([row]) for row in rows[:ALONE]]) / ALONE:.1f} ms"


def timed(work: Any) -> float:
    """The seconds that `work` takes, the quickest of three times."""
    found = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


if __name__ == "__main__":
    main()
