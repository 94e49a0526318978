"""Part `latency`: from an event's append to a read_committed reader that has its prediction.

bench/latency.py measures; here are its rates, in turn, in each round.
"""

from collections.abc import Iterator

import latency
from speed.figures import Figure
from speed.rig import Rig

RATES = (1_000, 10_000, 40_000)
AIMED_AT = 10_000
MOST_MS = {"p50": 20.0, "p99": 50.0}
SECONDS = 10.0
ROUNDS = 2


def figures(rig: Rig) -> Iterator[Figure]:
    """The quantiles of each rate."""
    settings, path = latency.made(rig.folder, rig.servers, 2, [])
    found: dict[int, list[dict[str, float]]] = {rate: [] for rate in RATES}
    for _ in range(min(ROUNDS, rig.rounds)):
        for rate in RATES:
            found[rate].append(latency.measured(settings, path, rate, SECONDS))
    for rate, rounds in found.items():
        for name in ("p50", "p95", "p99", "largest"):
            target = MOST_MS.get(name) if rate == AIMED_AT else None
            values = [one[f"{name}_ms"] for one in rounds]
            yield Figure(f"{rate:,} events/s: {name}", "ms", values, at_most=target)
        yield Figure(
            f"{rate:,} events/s: unanswered", "events", [one["unanswered"] for one in rounds], at_most=0
        )
