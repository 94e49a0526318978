"""Clocks that are hours apart, a partition to which nothing comes, and labels in any order."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from faults.load import Plan
from faults.rig import Rig
from faults.scene import BODY, Scene
from faults.table import Row, row
from streams import CLASSES, ROOT, Stream

from events.settings import BOOTSTRAP_VARIABLE

IDLE = 'limits.idle_after = "2s"\n' + BODY
SHUFFLED = 'windows = { length = "12h" }\n' + CLASSES.replace("[labels]", '[labels]\nhorizon = "48h"')
ROWS = 600
HOURS_APART = {0: 0, 1: 120, 2: 300}
"""Minutes by which each partition's producers are ahead; the horizon is 400."""


def skewed(rig: Rig) -> Iterator[Row]:
    """Partitions whose event times are hours apart, and some events with wild times in all of them."""
    with Scene(rig.kafka, 61, Plan(61, skew=HOURS_APART)) as scene:
        yield _with_kills(rig, scene, "clocks: partitions hours apart, wild `ts`, services killed")


def idle(rig: Rig) -> Iterator[Row]:
    """Nothing comes to one partition of features and labels, and the watermark goes on without it."""
    with Scene(rig.kafka, 62, Plan(62, idle=frozenset({2})), body=IDLE) as scene:
        yield _with_kills(rig, scene, "a partition idle, services killed")


def _with_kills(rig: Rig, scene: Scene, what: str) -> Row:
    chance = random.Random(scene.load.plan.seed)
    recoveries = []
    services = list(scene.services.values())
    for number in range(rig.repeated(3, 12)):
        time.sleep(chance.uniform(0.5, 2))
        service = services[number % len(services)]
        recoveries.append(scene.again(service, service.kill()))
    verdict = scene.verdict()
    return row(what, verdict, len(recoveries), [recovery.seconds or 0.0 for recovery in recoveries])


def shuffled(rig: Rig) -> Iterator[Row]:
    """The labels of one stream in another order for each seed: the final figures are the same."""
    seeds = rig.repeated(3, 20)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        stream = Stream(rig.kafka, Path(folder), SHUFFLED)
        stream.train()
        rows = Path(folder) / "rows.csv"
        rows.write_text("\n".join(["amount,country,label", *_rows(stream)]))
        command = [sys.executable, str(ROOT / "bench" / "shuffling.py"), str(stream.path),
                   "--csv", str(rows), "--seeds", str(seeds)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    *runs, summary = map(json.loads, done.stdout.splitlines())
    made = Row(f"labels in another order, {seeds} seeds", seeds, says="identical final figures")
    made.records = sum(run["events"] + run["labels"] for run in runs)
    if done.returncode:
        made.troubles.append(f"{summary}: {done.stderr[-500:]}")
    yield made


def _rows(stream: Stream) -> Iterator[str]:
    for i in range(ROWS):
        amount, country = stream.row(random.Random(i), i)
        yield f"{amount},{country},{('ok', 'fraud')[i % 2]}"


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != BOOTSTRAP_VARIABLE} | {"PYTHONPATH": str(ROOT)}
