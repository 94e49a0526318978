"""Does every fault to real processes on a real Kafka, and prints what came of it: `make faults`.

    PYTHONPATH=tests python -m faults [--long] [--only NAME …] [--table docs/faults.md]

Exits 1 if anything was lost, duplicated or broken.
"""
# ruff: noqa: T201 (printing is what it is for)

import argparse
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import streams
from faults import brokers, halts, kills, registry, stalls, times, trainers
from faults.rig import Rig, Scenario, rigged
from faults.table import Row, line, write

SCENARIOS: dict[str, Scenario] = {
    "scorer": kills.scorer, "joiner": kills.joiner, "monitor": kills.monitor, "random": kills.at_random,
    "groups": kills.brokers_groups,
    "trainer": trainers.steps, "training": trainers.failures, "artefacts": registry.artefacts,
    "roles": registry.replayed_roles, "forged": registry.forged_roles,
    "zombies": stalls.zombies, "replaced": stalls.replaced, "stalls": stalls.stalls, "slow": stalls.slow,
    "rebalances": stalls.rebalances, "broker": brokers.killed, "brokers": brokers.coordinator,
    "skewed": times.skewed, "idle": times.idle, "shuffled": times.shuffled, "halts": halts.halts,
}  # fmt: skip
PATIENCE_SECONDS = 180.0
"""How long anything may take: transactions and sessions have to time out, two scenarios beside each other."""
AT_ONCE = 2
"""Scenarios beside each other, each on a stream of its own: most of them wait."""
FIRST = ("trainer", "halts", "rebalances")
"""What takes longest, so that none of it is waited for at the end."""
ALONE = {"broker", "brokers"}
"""What would hurt the others: starting brokers takes both cores."""


def main() -> None:
    """Run what was asked for, and write the table."""
    streams.PATIENCE_SECONDS = PATIENCE_SECONDS
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing of it is left behind
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--long", action="store_true", help="more repetitions, and the rows that take long")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this scenario (several: again)")
    parser.add_argument("--table", type=Path, help="where the page goes")
    arguments = parser.parse_args()
    began = time.monotonic()
    names = arguments.only or list(SCENARIOS)
    with rigged(long=arguments.long) as rig, ThreadPoolExecutor(AT_ONCE) as lanes:
        beside = sorted(set(names) - ALONE, key=(*FIRST, *names).index)
        done = dict(zip(beside, lanes.map(lambda name: _done(name, rig), beside), strict=True))
        done |= {name: _done(name, rig) for name in names if name in ALONE}
    rows = [row for name in names for row in done[name]]
    if arguments.table is not None:
        command = "make faults-long" if arguments.long else "make faults"
        write(rows, time.monotonic() - began, command, arguments.table)
    red = sum(not row.holds for row in rows)
    print(f"{len(rows)} rows, {red} broken, {time.monotonic() - began:.0f} s")
    sys.exit(red > 0)


def _done(name: str, rig: Rig) -> list[Row]:
    """The rows of one scenario; what went wrong on the way is one, too."""
    began = time.monotonic()
    rows: list[Row] = []
    try:
        for row in SCENARIOS[name](rig):
            print(line(row), flush=True)
            rows.append(row)
    except Exception as error:  # noqa: BLE001 (the other rows are wanted, too)
        traceback.print_exc()
        rows.append(Row(name, troubles=[f"{type(error).__name__}: {error}"]))
        print(line(rows[-1]), flush=True)
    print(f"# {name}: {time.monotonic() - began:.0f} s", flush=True)
    return rows


if __name__ == "__main__":
    main()
