"""What `scoreloop size` reckons with, out of the results, and docs/scale.md, which shows it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from speed.figures import read

from events.durations import milliseconds
from ops.sizing import BUSY, COPIES, Costs, Load, sized

NEEDED = ("scoring", "joining", "waiting")
EVENTS = (10_000, 100_000, 1_000_000)
DELAYS = (("1m", "2m"), ("1h", "2h"), ("2d", "3d"))
"""How late labels come, and the horizon."""
_HEAD = (
    "events/s", "labels late, horizon", "scorers", "joiners, bound by", "partitions", "cores", "memory",
    "waiting", "remembered", "disk a joiner", "restart", "Kafka: written", "Kafka: cores", "Kafka: disk",
)  # fmt: skip


def costs(parts: dict[str, Any]) -> Costs | None:
    """The costs in the results; None where a part that tells them was not measured."""
    if any(name not in parts for name in NEEDED):
        return None
    found = {name: {one.what: one.median for one in read(parts[name]["figures"])} for name in NEEDED}
    scoring, joining, waiting = (found[name] for name in NEEDED)
    million = "1 million predictions waiting"
    return Costs(
        machine=f"{parts['scoring']['machine']}, {parts['scoring']['date']}",
        scored_a_second=scoring["scorer, 8 features, logistic regression"],
        joined_a_second=joining["joiner, exactly once"],
        scorer_us=scoring["scorer's processor time, 8 features"],
        joiner_us=joining["joiner's processor time"],
        broker_us=scoring["broker's processor time, 8 features"] + joining["broker's processor time"],
        scorer_mb=scoring["scorer's most memory, 8 features"],
        joiner_mb=joining["joiner's most memory"],
        waiting_mb=waiting[f"{million}: memory after a restart"],
        waiting_bytes=waiting[f"{million}: disk for each that is there"],
        remembered_bytes=waiting["disk an event that is remembered"],
        restore_us=waiting[f"{million}: restore, a million"],  # seconds a million are microseconds each
        kafka_bytes=scoring["in features, 8 features"] + joining["in all other topics"],
    )


def write(measured: Costs, kept: Path, page: Path) -> None:
    """The costs for the command, and the page for people."""
    kept.write_text(msgspec.json.format(msgspec.json.encode(measured)).decode() + "\n")
    page.write_text("\n".join(_lines(measured)))


def _lines(measured: Costs) -> Iterator[str]:
    yield "# Scale"
    yield "Written by `make bench`: what `scoreloop size` says of some loads, and the costs that it reckons"
    yield f"with, of {measured.machine}."
    yield f"The formulas are in ops/sizing.py. Services are {BUSY:.0%} busy, labels of one event"
    yield "in ten never come, a joiner restarts within ten minutes, and Kafka keeps"
    yield f"{COPIES} copies of everything for two horizons and a day. Partitions cannot be added to a"
    yield "joined stream, so size it for its peak."
    yield ""
    yield f"| {' | '.join(_HEAD)} |"
    yield f"|{' --- |' * len(_HEAD)}"
    for events in EVENTS:
        for delay, horizon in DELAYS:
            yield _row(events, delay, horizon, measured)
    yield ""
    yield "Restarts bound the joiners of a long horizon: each event is remembered for two horizons, so that"
    yield "a late label can be told, and a joiner that restarts reads them again. Nothing of the monitor and"
    yield "the trainer grows with the traffic: one merges sums, the other reads `[training] rows` outcomes."
    yield "Hundreds of joiners say that a horizon is too long for its traffic: shorten it, or let a"
    yield "restart take longer (`--restart`)."
    yield ""
    yield "| cost | value |"
    yield "| --- | --- |"
    for name in Costs.__struct_fields__[1:]:
        yield f"| {name} | {getattr(measured, name):,.4g} |"
    yield ""


def _row(events: int, delay: str, horizon: str, measured: Costs) -> str:
    load = Load(events=events, label_delay=milliseconds(delay), horizon=milliseconds(horizon))
    found = sized(load, measured)
    cells = [
        f"{events:,}",
        f"{delay}, {horizon}",
        f"{found.scorers:,}",
        f"{found.joiners:,}, {found.joiners_bound_by}",
        f"{found.partitions:,}",
        f"{found.cores:,.1f}",
        f"{found.memory_gb:,.1f} GB",
        f"{found.waiting_predictions:,}",
        f"{found.remembered_events:,}",
        f"{found.joiner_disk_gb:,.1f} GB",
        f"{found.restart_seconds:,.0f} s",
        f"{found.kafka_mb_a_second:,.0f} MB/s",
        f"{found.kafka_cores:,.1f}",
        f"{found.kafka_disk_gb:,.0f} GB",
    ]
    return f"| {' | '.join(cells)} |"
