"""`strategy = "auto"`: whether a challenger begins with all traffic, a share of it, or none.

What decides is how many errors it may cost before labels can tell. Its gate, w events on which it was worse
than the champion, b on which it was better, of n, leaves room for it to be worse by

    h = (w - b) / n + z √(w + b + 1) / n            z the normal quantile of 1 - alpha

of all events: the upper confidence bound on the mean of a difference that is -1, 0 or 1 (Wald; the 1 keeps it
from 0 where they never differed). One so bad shows by paired evidence (`models.paired`) after m labelled
events: the first number at whose expected counts the evidence suffices. Until then m / coverage events are
served, and those that come while the last of the labels is waited for; times h, so many errors are at risk.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import msgspec
import scipy  # its parts are imported as they are asked for: a monitor that stands by needs none

from events.settings import Decisions
from models import non_inferiority, paired
from models.traffic import Traffic

Strategy = Literal["blue-green", "canary", "shadow"]
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


class Choice(NamedTuple):
    """What a challenger begins with."""

    strategy: Strategy
    why: str
    """In a sentence; empty where settings say which."""


class Gate(NamedTuple):
    """How a challenger and the champion differed on the gate part."""

    worse: int
    better: int
    rows: int


def chosen(decisions: Decisions, evidence: Mapping[str, Any], gate: Mapping[str, Any]) -> Choice:
    """The strategy for the challenger of a retrain with this `evidence`, whose metrics have this `gate`."""
    if decisions.strategy != "auto":
        return Choice(decisions.strategy, "")
    try:
        traffic = msgspec.convert(evidence.get("traffic"), Traffic)
        found = msgspec.convert({name: gate[name] for name in Gate._fields}, dict[str, int])
    except (msgspec.ValidationError, KeyError):
        return Choice("canary", "strategy auto: canary, as it is not known how events and labels come")
    return automatic(decisions, traffic, Gate(**found))


def automatic(decisions: Decisions, traffic: Traffic, gate: Gate) -> Choice:
    """The most traffic with which the errors at risk are within `[decisions] errors_at_risk`."""
    if not (traffic.labelled and gate.rows):
        return Choice("shadow", "strategy auto: shadow, as no labels come that could tell")
    harm = room(gate, decisions.alpha)
    apart = max((gate.worse + gate.better) / gate.rows, harm)
    found_worse = until_worse((apart + harm) / 2, (apart - harm) / 2, decisions)
    rate = traffic.events / max(traffic.span_ms, 1)
    served = found_worse * traffic.events / traffic.labelled + rate * traffic.label_wait_ms
    cost, part = harm * served, harm * served * decisions.canary_share
    most = decisions.errors_at_risk
    strategy: Strategy = "blue-green" if cost <= most else "canary" if part <= most else "shadow"
    trial = until_no_worse(gate.worse / gate.rows, gate.better / gate.rows, decisions)
    return Choice(
        strategy,
        f"strategy auto: {strategy}, as its gate ({gate.worse} worse, {gate.better} better of {gate.rows}) "
        f"leaves room for {harm:.2g} more errors an event, before labels tell {cost:.3g} with all traffic "
        f"and {part:.3g} with a share of {decisions.canary_share:.0%}, and {most:g} may be at risk; expected "
        f"verdict: of shadow or canary {_when(trial, traffic)}, of blue-green "
        f"{_when(min(found_worse, decisions.probation), traffic)}",
    )


def room(gate: Gate, alpha: float) -> float:
    """h: by how much the gate leaves room for the challenger to be worse; 0 where it must be better."""
    lead, spread = gate.worse - gate.better, math.sqrt(gate.worse + gate.better + 1)
    return min(max(lead - float(scipy.special.ndtri(alpha)) * spread, 0) / gate.rows, 1)


def until_worse(worse: float, better: float, decisions: Decisions) -> int:
    """Labelled events, as expected, until one that is worse and better on these shares is found worse."""
    wanted = -math.log(decisions.alpha)
    return _first(lambda n: paired.evidence(n * worse, n * better) >= wanted, decisions.trial)


def until_no_worse(worse: float, better: float, decisions: Decisions) -> int:
    """The same until it is found no worse, as the first challenger; `trial` where it is not sooner."""
    wanted = -math.log(non_inferiority.level(1, decisions.alpha))

    def enough(n: int) -> bool:
        w, b = n * worse, n * better
        wealth = non_inferiority.wealth(w, n - w - b, b, decisions.margin)
        return wealth >= wanted and w + b >= decisions.least_apart

    return _first(enough, decisions.trial)


def _first(enough: Callable[[int], bool], most: int) -> int:
    """The first number from 1 at which there is `enough`, which stays so; `most` where none is smaller."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _when(labels: int, traffic: Traffic) -> str:
    ms = labels * traffic.span_ms / traffic.labelled + traffic.label_wait_ms
    unit, size = next(((unit, size) for unit, size in _UNITS if ms >= size), _UNITS[-1])
    return f"in about {ms / size:.2g} {unit} ({labels} labels)"
