"""The default policy against its targets, in backtests of streams whose drifts are known, and of electricity.

    python bench/policies.py --only sine sea --seeds 1 --families linear
    python bench/policies.py --seeds 1 2 3 --csv electricity.csv --document docs/policies.md

The settings are those that `init` writes, labels come 1,000 rows late. Each line of `--results`, JSON, is
what one policy came to on one stream; baselines that stand there already are not run again.
"""

import argparse
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drifting import DRIFTS, WORLDS, written
from targets import document, judged

from backtest.run import Backtest, Question
from backtest.told import Told
from events.settings import Settings, load
from producers.infer import infer
from producers.rows import open_rows
from producers.schedule import Timeline
from producers.stream_toml import Choices, stream_toml

DELAY, FIRST, PHASE = 1_000, 2_000, 263
"""Rows that a label is late, that the first version learns from, and between two starts of electricity."""
INTERVAL = 1_000


@dataclass(frozen=True)
class Run:
    """One stream to be backtested."""

    stream: str
    kind: str
    seed: int
    families: tuple[str, ...]
    missing: float = 0.0

    @property
    def name(self) -> str:
        """As it stands in the results."""
        gaps = f" {self.missing:.0%} missing" if self.missing else ""
        return f"{self.stream}{gaps}, {'+'.join(self.families)}"


def main() -> None:
    """Run what the command line asks for."""
    logging.getLogger("consumers").setLevel(logging.ERROR)
    asked = arguments()
    done = (
        [json.loads(line) for line in asked.results.read_text().splitlines()]
        if asked.results.exists()
        else []
    )
    for run in runs(asked):
        before = [one for one in done if one["run"] == run.name and one["seed"] == run.seed]
        done = [one for one in done if one not in before or one["policy"] != "stream"]
        known = {one["policy"] for one in before}
        for found in facts(run, asked, known):
            print(json.dumps(found), flush=True)
            done.append(found)
        asked.results.write_text("".join(json.dumps(one) + "\n" for one in done))
    table = judged(done)
    print(document(table))
    if asked.document:
        asked.document.write_text(document(table))


def arguments() -> argparse.Namespace:
    """What is asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=[*WORLDS, "electricity"], default=[*WORLDS, "electricity"]
    )
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[1], help="of streams; of electricity, phases"
    )
    parser.add_argument("--families", nargs="+", default=["boosting"])
    parser.add_argument("--missing", type=float, default=0.0, help="the share of labels that never come")
    parser.add_argument("--csv", type=Path, help="electricity.csv; without it that stream is left out")
    parser.add_argument("--folder", type=Path, default=Path("bench/results/policies"), help="for the streams")
    parser.add_argument("--results", type=Path, default=Path("bench/results/policies.jsonl"))
    parser.add_argument("--document", type=Path, help="where the table goes as Markdown")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="of [decisions]")
    parser.add_argument("--slow", action="store_true", help="the adaptive forest, too")
    return parser.parse_args()


def runs(asked: argparse.Namespace) -> Iterator[Run]:
    """What there is to do."""
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in asked.only:
        for seed in asked.seeds:
            kind = "electricity" if name == "electricity" else WORLDS[name].kind
            if name != "electricity" or asked.csv is not None:
                yield Run(name, kind, seed, tuple(asked.families), asked.missing)


def facts(run: Run, asked: argparse.Namespace, known: set[str]) -> Iterator[dict[str, Any]]:
    """What each policy came to that is not `known`."""
    with TemporaryDirectory(prefix="policies-") as folder:
        backtest = Backtest(question(run, asked, Path(folder)), folder, lambda _line: None)
        for one, seconds in timed(backtest, run, known, slow=asked.slow):
            yield {
                "run": run.name, **asdict(run), "policy": one.policy, "error": round(one.error, 5),
                "retrains": len(one.trainings), "by_alarm": sum(t.by_alarm for t in one.trainings),
                "promotions": len(one.promotions), "rollbacks": len(one.rollbacks),
                "alarms": len(one.alarms), "seconds": round(seconds, 1),
            }  # fmt: skip


def timed(backtest: Backtest, run: Run, known: set[str], *, slow: bool) -> Iterator[tuple[Told, float]]:
    """The policies' outcomes; the baselines' only where one of them is missing."""
    began = time.perf_counter()
    for one in backtest.told(unseen):
        yield one, time.perf_counter() - began
        began = time.perf_counter()
        enough = {"random", "oracle"} & known if run.kind != "large" else {"oracle"} & known
        if enough or (one.policy in {"oracle", "random"} and run.kind != "large" and not slow):
            break
        if one.policy == "oracle" and not slow:
            break


def question(run: Run, asked: argparse.Namespace, folder: Path) -> Question:
    """The backtest of `run`, with the settings that `init` writes."""
    path = asked.csv if run.kind == "electricity" else written(asked.folder, run.stream, run.seed)
    span = f"{PHASE * run.seed}:" if run.kind == "electricity" else None
    column = "class" if run.kind == "electricity" else "label"
    rows = open_rows(path, span)
    toml = folder / "stream.toml"
    choices = Choices("bench", "127.0.0.1:9092", DELAY * INTERVAL * 3 // 2, 240 * INTERVAL)
    toml.write_text(stream_toml(infer(open_rows(path), column, None, lambda _done: None), choices))
    settings = overlaid(load(toml), run.families, asked.set)
    timeline = Timeline("bench", 1_600_000_000_000, INTERVAL, DELAY * INTERVAL)
    drifts = DRIFTS if run.kind == "large" else ()
    return Question(
        {"stream": settings}, rows, FIRST, timeline, run.missing, run.seed, 0,
        with_baselines=True, drifts=drifts,
    )  # fmt: skip


def overlaid(settings: Settings, families: Sequence[str], changes: Sequence[str]) -> Settings:
    """`settings` with these families, and with changes of [decisions]."""
    pairs = dict(change.split("=", 1) for change in changes)
    given: Mapping[str, Any] = {key: json.loads(value) for key, value in pairs.items()}
    decisions = settings.decisions.model_validate({**settings.decisions.model_dump(), **given})
    training = settings.training.model_copy(update={"families": tuple(families)})
    return settings.model_copy(update={"decisions": decisions, "training": training})


@contextmanager
def unseen(_name: str, _events: int) -> Iterator[Any]:
    """Progress that nobody looks at: a line for each policy is enough."""
    yield lambda _done: None


if __name__ == "__main__":
    main()
