"""The default policy against its targets, in backtests of streams whose drifts are known, and of electricity.

    python bench/policies.py --only sine sea --seeds 1 2
    python bench/policies.py --only electricity --csv electricity.csv --seeds 1 2 3 4
    python bench/policies.py --only --document docs/policies.md

The settings are those that `init` writes, labels come 1,000 rows late. Each line of `--results`, JSON, is
what one policy came to on one stream; what stands there already is not run again, but for the policy itself
with `--again`. The tables are of all that stands there.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drifting import DRIFTS, WORLDS, written
from targets import AVERAGED, document

from backtest import baselines
from backtest.baselines import Ground, Refit, refitted
from backtest.forest import adaptive_forest
from backtest.loop import Loop
from backtest.past import of_rows
from backtest.told import Told
from consumers.trainer.draft import DRAFT
from consumers.trainer.registration import registered
from events.records import Decision
from events.settings import Registry, Settings, load
from models.training import train
from producers.infer import infer
from producers.rows import open_rows
from producers.schedule import Timeline
from producers.stream_toml import Choices, stream_toml

DELAY, FIRST, PHASE = 1_000, 2_000, 263
"""Rows that a label is late, that the first version learns from, and between two starts of electricity."""
INTERVAL, START = 1_000, 1_600_000_000_000
ELECTRICITY = "electricity"
DEAF = {"tolerance": 0.99, "challenge_from": 0}
"""[decisions] that come to none."""


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
    asked.folder.mkdir(parents=True, exist_ok=True)
    done = []
    if asked.results.exists():
        done = [json.loads(line) for line in asked.results.read_text().splitlines()]
    for run in runs(asked):
        ours = {(run.name, run.seed, "stream")} if asked.again else set()
        done = [one for one in done if (one["run"], one["seed"], one["policy"]) not in ours]
        known = {one["policy"]: one for one in done if (one["run"], one["seed"]) == (run.name, run.seed)}
        for found in facts(run, asked, known):
            print(json.dumps(found), flush=True)
            done.append(found)
            asked.results.write_text("".join(json.dumps(one) + "\n" for one in done))
    page = document(done)
    print(page)
    if asked.document:
        asked.document.write_text(page)


def arguments() -> argparse.Namespace:
    """What is asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*WORLDS, ELECTRICITY]
    parser.add_argument("--only", nargs="*", choices=names, default=names)
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[1], help="of streams; of electricity, phases"
    )
    parser.add_argument("--families", nargs="+", default=["boosting"])
    parser.add_argument("--missing", type=float, default=0.0, help="the share of labels that never come")
    parser.add_argument("--csv", type=Path, help="electricity.csv; without it that stream is left out")
    parser.add_argument("--folder", type=Path, default=Path("bench/results/policies"), help="for the streams")
    parser.add_argument("--results", type=Path, default=Path("bench/results/policies/results.jsonl"))
    parser.add_argument("--document", type=Path, help="where the tables go as Markdown")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="of [decisions]")
    parser.add_argument("--again", action="store_true", help="the policy anew, whatever is known of it")
    parser.add_argument("--forest", action="store_true", help="the adaptive forest, too: minutes a stream")
    return parser.parse_args()


def runs(asked: argparse.Namespace) -> Iterator[Run]:
    """What there is to do."""
    for name in asked.only:
        for seed in asked.seeds:
            kind = ELECTRICITY if name == ELECTRICITY else WORLDS[name].kind
            if name != ELECTRICITY or asked.csv is not None:
                yield Run(name, kind, seed, tuple(asked.families), asked.missing)


def facts(run: Run, asked: argparse.Namespace, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What each policy came to that is not `known`."""
    with TemporaryDirectory(prefix="policies-") as folder:
        settings, ground = given(run, asked, Path(folder))
        retrains = known["stream"]["retrains"] if "stream" in known else 0
        for name, play in policies(run, settings, ground, forest=asked.forest):
            if name in known:
                continue
            began = time.perf_counter()
            told = play(retrains)
            retrains = len(told.trainings) if name == "stream" else retrains
            yield {
                "run": run.name, **asdict(run), "policy": name, "error": round(told.error, 5),
                "retrains": len(told.trainings), "by_alarm": sum(t.by_alarm for t in told.trainings),
                "promotions": len(told.promotions), "rollbacks": len(told.rollbacks),
                "alarms": len(told.alarms), "seconds": round(time.perf_counter() - began, 1),
            }  # fmt: skip


def policies(
    run: Run, settings: Settings, ground: Ground, *, forest: bool
) -> Iterator[tuple[str, Callable[[int], Told]]]:
    """Each policy, the stream's own first, and how it is played: given how often that one retrained."""
    history = ground.history
    yield "stream", lambda _count: played("stream", settings, ground, 0)
    if run.kind == ELECTRICITY:
        yield AVERAGED, lambda _count: played(AVERAGED, changed(settings, DEAF), ground, 3_000)
    yield "never", lambda _count: refit(ground, "never", ())
    for period in baselines.PERIODS:
        refits = partial(baselines.periodic, history, period)
        yield f"periodic-{period}", lambda _count, made=refits, of=period: refit(ground, f"{of}", made())
    yield "random", lambda count: refit(ground, "random", baselines.random(history, count, run.seed))
    if run.kind == "large":
        yield "oracle", lambda _count: refit(ground, "oracle", baselines.oracle(history, DRIFTS))
    yield "delayed-no-change", lambda _count: baselines.no_change(ground)
    if forest:
        yield "adaptive-forest", lambda _count: adaptive_forest(ground, lambda _done: None)


def refit(ground: Ground, name: str, refits: Sequence[Refit] | Iterator[Refit]) -> Told:
    """A baseline."""
    return refitted(name, ground, list(refits), 0)


def played(name: str, settings: Settings, ground: Ground, every: int) -> Told:
    """What the loop comes to; asked by hand for a retrain `every` so many events, 0 for never."""
    history = ground.history
    draft = registered(settings, ground.first, {"used": len(ground.examples.rows)})
    asked = {0: [by_hand("promote", history.time(0), {DRAFT: draft.model_dump()})]}
    for at in range(every, len(history), every) if every else ():
        asked[at] = [by_hand("retrain", history.time(at), {})]
    loop = Loop(name, settings, history, asked)
    for _done in loop.run():
        pass
    return loop.told


def by_hand(action: Any, ts: int, evidence: dict[str, Any]) -> Decision:
    """As an operator would decide."""
    return Decision(
        decision_id=f"{action}.{ts}", ts=ts, action=action, model_version=None, target_version=None,
        requested_by="operator", reason="by hand", alarm_id=None, evidence=evidence,
    )  # fmt: skip


def given(run: Run, asked: argparse.Namespace, folder: Path) -> tuple[Settings, Ground]:
    """The settings that `init` writes for the stream of `run`, and what every policy starts from."""
    path = asked.csv if run.stream == ELECTRICITY else written(asked.folder, run.stream, run.seed)
    span = f"{PHASE * run.seed}:" if run.stream == ELECTRICITY else None
    column = "class" if run.stream == ELECTRICITY else "label"
    toml = folder / "stream.toml"
    choices = Choices("bench", "127.0.0.1:9092", DELAY * INTERVAL * 3 // 2, 240 * INTERVAL)
    toml.write_text(stream_toml(infer(open_rows(path), column, None, lambda _done: None), choices))
    settings = changed(load(toml), {k: json.loads(v) for k, v in (one.split("=", 1) for one in asked.set)})
    training = settings.training.model_copy(update={"families": run.families})
    registry = Registry(url=str(folder / "registry"))
    settings = settings.model_copy(update={"training": training, "registry": registry})
    timeline = Timeline("bench", START, INTERVAL, DELAY * INTERVAL)
    past = of_rows(settings, open_rows(path, span), FIRST, timeline, run.missing, run.seed)
    first = train(settings, past.examples.rows, past.examples.labels)
    return settings, Ground(settings, past.history, first, past.examples)


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """`settings` with changes of [decisions]."""
    decisions = settings.decisions.model_validate({**settings.decisions.model_dump(), **changes})
    return settings.model_copy(update={"decisions": decisions})


if __name__ == "__main__":
    main()
