"""How many processes, partitions, bytes and cores a load takes: sums over what `make bench` has measured.

In ops/ and not in models/: it decides nothing in the loop, it says what to run it on. Pure but for the
reading of costs.json, which `make bench` writes from its results.

| what | formula, with N events a second, labels D late, a share M missing, horizon H |
| --- | --- |
| scorers | N over what one scores, at `BUSY` of that |
| predictions waiting | N ((1 - M) D + M H), by Little's law |
| events remembered | 2 N H less those waiting: the contract tells late labels for so long |
| joiners | the larger of N over what one joins, at `BUSY`, and what restarts in time with its share of both |
| partitions | twice the larger of the two, so that either may double: they cannot be added under a join |
| Kafka | N times the bytes that all topics get for an event; kept for 2 H, and a day for who reads late |
"""

from dataclasses import dataclass
from importlib.resources import files
from math import ceil

import msgspec

BUSY = 0.6
"""Of what a process can do: what is left is for peaks, and for catching up after a stop."""
COPIES = 3
LEAST_PARTITIONS = 4
_DAY_MS = 86_400_000


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, with eight numbers as features and a logistic regression."""

    machine: str
    scored_a_second: float
    """By one scorer that shares two cores with its broker."""
    joined_a_second: float
    """Outcomes of one joiner, likewise."""
    scorer_us: float
    """Processor time an event, of all its threads."""
    joiner_us: float
    broker_us: float
    """Of the broker for an event, from `features` to `outcomes`, without copies."""
    scorer_mb: float
    joiner_mb: float
    waiting_mb: float
    """Memory of a joiner with a million that wait: it grows little with more, as the others are on disk."""
    waiting_bytes: float
    """On a joiner's disk."""
    remembered_bytes: float
    restore_us: float
    """For each record that is read again by a joiner that restarts."""
    kafka_bytes: float
    """On a broker's disk for an event, in all topics together."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What comes: events a second; times in milliseconds; `missing` is the share of labels that never do."""

    events: float
    label_delay: int
    horizon: int
    missing: float = 0.1
    restart: int = 600_000
    """How long one joiner that restarts may take until it joins again."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a load takes."""

    scorers: int
    joiners: int
    joiners_bound_by: str
    partitions: int
    cores: float
    """Of all services together, at `BUSY`."""
    memory_gb: float
    waiting_predictions: int
    remembered_events: int
    joiner_disk_gb: float
    """Of each joiner."""
    restart_seconds: float
    """Of one joiner, until it joins again."""
    kafka_mb_a_second: float
    """Written by clients, before copies."""
    kafka_cores: float
    """With `COPIES`, each counted as much as the first: followers cost less."""
    kafka_disk_gb: float
    """With `COPIES`."""


def measured() -> Costs:
    """The costs that `make bench` wrote last."""
    return msgspec.json.decode((files("ops") / "costs.json").read_bytes(), type=Costs)


def sized(load: Load, costs: Costs) -> Size:
    """What `load` takes at `costs`."""
    waiting = load.events * ((1 - load.missing) * load.label_delay + load.missing * load.horizon) / 1e3
    remembered = load.events * 2 * load.horizon / 1e3 - waiting
    restored = (waiting + remembered) * costs.restore_us / 1e6
    needed = {
        "outcomes a second": load.events / (costs.joined_a_second * BUSY),
        "restart": 1e3 * restored / load.restart,
    }
    bound = max(needed, key=needed.__getitem__)
    scorers, joiners = ceil(load.events / (costs.scored_a_second * BUSY)), max(1, ceil(needed[bound]))
    written = load.events * costs.kafka_bytes
    return Size(
        scorers=scorers,
        joiners=joiners,
        joiners_bound_by=bound,
        partitions=max(LEAST_PARTITIONS, 2 * max(scorers, joiners)),
        cores=load.events * (costs.scorer_us + costs.joiner_us) / 1e6 / BUSY,
        memory_gb=(scorers * costs.scorer_mb + joiners * max(costs.joiner_mb, costs.waiting_mb)) / 1e3,
        waiting_predictions=round(waiting),
        remembered_events=round(remembered),
        joiner_disk_gb=(waiting * costs.waiting_bytes + remembered * costs.remembered_bytes) / joiners / 1e9,
        restart_seconds=restored / joiners,
        kafka_mb_a_second=written / 1e6,
        kafka_cores=load.events * costs.broker_us * COPIES / 1e6 / BUSY,
        kafka_disk_gb=written * (2 * load.horizon + _DAY_MS) / 1e3 * COPIES / 1e9,
    )
