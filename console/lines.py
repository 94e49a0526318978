"""What a record means, in one line for a person: its kind, the words, and how they are shown.

Times of windows are event time, UTC; the year is left out.
"""

from collections.abc import Callable
from typing import NamedTuple

from console.words import figure, moment, percent, span
from events import topics
from events.records import RUNNING_ERROR, Decision, DecisionResult, Drift, Manifest, Metric, Roles

MAIN_VALUES = ("f1", "rmse")
"""Of a classification, of a regression: the value that is shown beside the error."""


RUNNING = "running"
"""Kind of figures that are not final."""


class Line(NamedTuple):
    """One line: a word for its kind, what happened, and a colour."""

    kind: str
    text: str
    style: str | None = None


Read = Callable[[bytes, bytes], Line | None]
"""Key and value → their line, None where the value is none of that topic's records."""


def metric(_key: bytes, value: bytes) -> Line | None:
    """`v7 champion  12-31 12:00 n 1,000 cov 80% err 0.050 [0.040, 0.240] f1 0.850 delay 24h/24h`.

    A segment's line has the segment in place of the delays' quantiles, p50 and p99.
    """
    if (found := Metric.found(value)) is None:
        return None
    bounds = "" if found.error_low is None else f" [{figure(found.error_low)}, {figure(found.error_high)}]"
    main = next((f" {name} {figure(found.values[name])}" for name in MAIN_VALUES if name in found.values), "")
    text = (
        f"v{found.model_version} {found.role:<8} {moment(found.from_ts)} n {found.predictions:<5,} "
        f"cov {percent(found.coverage):<5} err {figure(found.error)}{bounds}{main} {_last(found)}"
    )
    return Line("window", text) if found.final else Line(RUNNING, text, "bright_black")


def drift(_key: bytes, value: bytes) -> Line | None:
    """An alarm, in its own words."""
    if (found := Drift.found(value)) is None:
        return None
    feature = "" if found.feature is None else f" of {found.feature}"
    change = "" if found.change_ts is None else f"; change about {moment(found.change_ts)}"
    evidence = f"{found.evidence:,.6g} of {found.threshold:,.6g}"
    what = "warning" if found.detector == RUNNING_ERROR else "alarm"
    text = f"{found.kind} {what}{feature} on v{found.model_version}: {found.message}"
    return Line("drift", f"{text} ({found.detector}, evidence {evidence}{change})", "red")


def decision(_key: bytes, value: bytes) -> Line | None:
    """What was asked for, by whom and why."""
    if (found := Decision.found(value)) is None:
        return None
    target = "" if found.target_version is None else f" to v{found.target_version}"
    asked = f"{found.action} of v{found.model_version}{target} by {found.requested_by}: {found.reason}"
    return Line("asked", f"{asked} ({found.decision_id})", "yellow")


def model(key: bytes, value: bytes) -> Line | None:
    """A version, what became of a decision, or who serves."""
    if key == topics.ROLES_KEY:
        return _roles(value)
    if key.startswith(b"version/"):
        return _version(value)
    if key.startswith(b"decision/"):
        return _result(key.removeprefix(b"decision/").decode(errors="replace"), value)
    return None


READ: dict[topics.Topic, Read] = {
    topics.METRICS: metric, topics.DRIFT: drift, topics.CONTROL: decision, topics.MODELS: model,
}  # fmt: skip
"""The topics whose records have a line of their own."""


def _last(found: Metric) -> str:
    if found.segment is not None:
        return f"{found.segment.feature}={found.segment.value}"
    if found.label_delay_p50_ms is None or found.label_delay_p99_ms is None:
        return "no labels"
    return f"delay {span(found.label_delay_p50_ms)}/{span(found.label_delay_p99_ms)}"


def _roles(value: bytes) -> Line | None:
    if (found := Roles.found(value)) is None:
        return None
    canary = found.canary
    tried = "" if canary is None else f", canary v{canary.version} with {percent(canary.share)}"
    shadows = "".join(f", shadow v{version}" for version in found.shadows)
    text = f"v{found.champion} is champion{tried}{shadows}, epoch {found.epoch} ({found.decision_id})"
    return Line("roles", text, "green")


def _version(value: bytes) -> Line | None:
    if (found := Manifest.found(value)) is None:
        return None
    error = found.metrics.get("error")
    measured = f", error {figure(error)}" if isinstance(error, int | float) else ""
    parent = "" if found.parent_version is None else f", after v{found.parent_version}"
    return Line("version", f"v{found.version} {found.estimator}{measured}{parent} ({found.decision_id})")


def _result(decision_id: str, value: bytes) -> Line | None:
    if (found := DecisionResult.found(value)) is None:
        return None
    version = "" if found.version is None else f" → v{found.version}"
    style = "green" if found.status == "done" else "yellow"
    return Line("result", f"{found.status}{version}: {found.reason} ({decision_id})", style)
