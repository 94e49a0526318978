"""The facts of a stream on one screen. Pure: facts in, what to print out."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from console.facts import Facts
from console.service_facts import ServiceFacts
from console.status_counts import counted_up, watermark_line, window_lines
from console.words import ago, figure, percent
from console.workers import ServiceState, WorkerFacts
from events.internal import MEASURING, STANDING_BY

_STYLES: dict[ServiceState, str] = {
    "running": "green", "waiting": "yellow", "standing by": "yellow", "refusing": "bold red",
    "failed": "bold red", "gone": "bold red", "none": "dim",
}  # fmt: skip
_TOLD_BY_STATE = {MEASURING, STANDING_BY, None}
_NAMED = 3
"""So many slots in one state are named, more are counted."""


def page(known: Facts) -> RenderableType:
    """What `status` prints."""
    return Group(
        Text(_who_serves(known)),
        *(Text(line) for line in _pending(known)),
        _services(known),
        *(Text(line) for line in _troubles(known)),
        *counted_up(known),
        Text(watermark_line(known.watermark)),
        Text(window_lines(known.newest_window)),
    )


def _who_serves(known: Facts) -> str:
    if known.roles is None:
        return f"{known.stream}: no version yet; run `scoreloop train STREAM.toml --csv FILE`"
    roles = known.roles
    version = next((v for v in known.versions if v.version == roles["champion"]), None)
    error = None if version is None else version.metrics.get("error")
    measured = f", error {figure(error)}" if isinstance(error, int | float) else ""
    estimator = "" if version is None else f" ({version.estimator}{measured})"
    canary = (
        roles["canary"] and f"canary {roles['canary']['version']} with {percent(roles['canary']['share'])}"
    )
    shadows = roles["shadows"] and f"shadows {', '.join(map(str, roles['shadows']))}"
    others = "".join(f"; {other}" for other in (canary, shadows) if other)
    since = f"epoch {roles['epoch']}, {ago(known.ts - roles['ts'])}"
    why = "" if known.why is None else f"\n  decided: {known.why}"
    return f"{known.stream}: version {roles['champion']}{estimator} serves since {since}{others}{why}"


def _pending(known: Facts) -> Iterator[str]:
    if (waits := known.pending) is not None:
        yield (
            f"version {waits.version} waits for approval ({waits.decision_id}, asked for "
            f"{ago(known.ts - waits.since)}): {waits.why}; "
            "`scoreloop approve STREAM.toml` makes it champion, `scoreloop reject STREAM.toml` turns it down"
        )


def _services(known: Facts) -> Table:
    table = Table("service", "state", "slots", "records behind")
    for name, service in known.services.items():
        slots = ", ".join(_slots(service.workers)) or "-"
        lags = ", ".join(
            f"{topic.removeprefix(known.stream + '.')} {lag:,}" for topic, lag in service.lags.items()
        )
        table.add_row(name, Text(service.state, _STYLES[service.state]), Text(slots), lags)
    return table


def _slots(workers: list[WorkerFacts]) -> Iterator[str]:
    """The slots by state; of those that are not there any more also since when."""
    for state, of in groupby(sorted(workers, key=lambda w: w.state), lambda w: w.state):
        same = list(of)
        if state in {"gone", "failed"}:
            yield from (f"{w.worker} {state} {ago(w.seconds_ago * 1000)}" for w in same[:_NAMED])
            if len(same) > _NAMED:
                yield f"{len(same) - _NAMED} more {state}"
        elif len(same) > _NAMED:
            yield f"{len(same)} {state}"
        else:
            yield f"{', '.join(worker.worker for worker in same)} {state}"


def _troubles(known: Facts) -> Iterator[str]:
    """What a person may have to mend, and what takes long."""
    if absent := [
        name for name, service in known.services.items() if service.state in {"none", "failed", "gone"}
    ]:
        yield f"nobody runs the {', '.join(absent)}; `scoreloop up STREAM.toml` runs every service"
    for name, service in known.services.items():
        for worker in service.workers:
            if worker.error:
                yield f"{worker.worker} says: {worker.error}"
            elif worker.detail not in _TOLD_BY_STATE and worker.state != "gone":
                yield f"{worker.worker}: {worker.detail}"
        yield from _without_offset(name, service)


def _without_offset(name: str, service: ServiceFacts) -> Iterator[str]:
    for topic, positions in service.offsets.items():
        if none := [partition for partition, position in positions.items() if position.committed is None]:
            yield (
                f"the {name} has no committed offset in {topic}, partition {', '.join(none)}; "
                "run `scoreloop topics create STREAM.toml`"
            )
