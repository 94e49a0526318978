"""Whether memory or lag grew: over the second half of a soak, when all services but one are left alone.

Memory: the least-squares line through a process's resident bytes, how much it rises over the half, relative
to their mean. A process's own start is left out: its first samples are of imports and of state restored.
Lag: the medians of the last two quarters.
"""

from collections.abc import Sequence
from statistics import fmean, linear_regression, median
from typing import Any

from soak.samples import Sample

MOST_GROWTH = 0.10
"""Of a Python process over the half."""
MOST_BROKER_BYTES = 1_200_000_000
"""The broker's heap is bounded (512 MB) and fills up before it is collected: growth says nothing of it."""
WARM_SECONDS = 20.0
LEAST_SAMPLES = 5
LAG_SECONDS = 5.0
"""So many seconds of load may be unread without it counting as lag."""


def judged(samples: Sequence[Sample], rate: int) -> dict[str, Any]:
    """For each process and service its figures, and `grew`: what is too much, a sentence each."""
    end = samples[-1].seconds
    late = [sample for sample in samples if sample.seconds >= end / 2]
    memory = {name: _memory(samples, late, name) for name in sorted(samples[-1].memory)}
    known = [sample.lags for sample in samples if sample.lags]
    lags = {service: _lag(known, service) for service in (known[-1] if known else ())}
    grew = [f"{name}: {found['verdict']}" for name, found in memory.items() if found["verdict"]]
    grew += [
        f"{service}: {late:.0f} records behind in the last quarter, {early:.0f} in the one before"
        for service, (early, late) in lags.items()
        if late > max(2 * early, LAG_SECONDS * rate)
    ]
    if len(known) < len(samples) / 2:
        grew.append(f"lag: {len(samples) - len(known)} of {len(samples)} questions were not answered")
    looks = {"samples": len(samples), "without_lags": len(samples) - len(known)}
    return {"looks": looks, "memory": memory, "lag_medians": lags, "grew": grew}


def _memory(samples: Sequence[Sample], late: Sequence[Sample], name: str) -> dict[str, Any]:
    """Of the process that has this name in the end."""
    pid = samples[-1].memory[name][0]
    began = next(s.seconds for s in samples if s.memory.get(name, (0, 0))[0] == pid)
    points = [
        (s.seconds, s.memory[name][1])
        for s in late
        if s.memory.get(name, (0, 0))[0] == pid and s.seconds >= began + WARM_SECONDS
    ]
    highest = max(s.memory[name][1] for s in samples if name in s.memory)
    found = {"highest": highest, "growth": None, "verdict": None}
    if name == "broker":
        found["verdict"] = "holds too much memory" if highest > MOST_BROKER_BYTES else None
    elif len(points) >= LEAST_SAMPLES:
        times, held = zip(*points, strict=True)
        rise = linear_regression(times, held).slope * (times[-1] - times[0])
        found["growth"] = rise / fmean(held)
        found["verdict"] = (
            f"memory grew by {rise / fmean(held):.0%}" if rise > MOST_GROWTH * fmean(held) else None
        )
    return found


def _lag(known: Sequence[dict[str, int]], service: str) -> tuple[float, float]:
    quarter = max(1, len(known) // 4)
    last, before = known[-quarter:], known[-2 * quarter : -quarter]
    return median([lags[service] for lags in before] or [0]), median([lags[service] for lags in last])
