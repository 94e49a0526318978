"""What an alarm says on `drift`, and what it asks for on `control`."""

from typing import Literal

from events.durations import iso
from events.records import Decision, Drift
from models.tenure import Rung, Tenure

DETECTOR = "e-sr"


def drift(tenure: Tenure, rung: Rung, evidence: float, false_alarm_every: int, to_ts: int, now: int) -> Drift:
    """The alarm that has just rung; it looked at event time up to `to_ts`."""
    return Drift(
        alarm_id=rung.alarm_id,
        ts=now,
        kind="error",
        detector=DETECTOR,
        model_version=tenure.version,
        feature=None,
        evidence=evidence,
        threshold=false_alarm_every,
        from_ts=rung.change_ts,
        to_ts=to_ts,
        change_ts=rung.change_ts,
        guarantee=f"at most one false alarm in {false_alarm_every} labelled events on average",
        message=_rose(tenure, rung),
    )


def decision(tenure: Tenure, rung: Rung, action: Literal["retrain", "rollback"], now: int) -> Decision:
    """What is asked for because of an alarm: the `rung.asked`-th time, from 1."""
    again = "" if rung.asked == 1 else f"asked for again, time {rung.asked}: "
    return Decision(
        decision_id=f"{rung.alarm_id}.{rung.asked}",
        ts=now,
        action=action,
        model_version=tenure.version,
        target_version=None,
        requested_by="monitor",
        reason=again + _rose(tenure, rung) + (f"; {_compared(tenure)}" if tenure.promoted else ""),
        alarm_id=rung.alarm_id,
        evidence={
            "change_ts": rung.change_ts,
            "labels": rung.labels,
            "error": rung.total / rung.labels * tenure.scale,
            "expected_at_most": tenure.limit * tenure.scale,
        },
    )


def released(tenure: Tenure, now: int) -> Decision:
    """The version before needs no longer answer as a shadow: the probation is over."""
    return Decision(
        decision_id=f"probation.{tenure.version}.{tenure.epoch}",
        ts=now,
        action="reject",
        model_version=tenure.version,
        target_version=tenure.previous,
        requested_by="monitor",
        reason=f"version {tenure.version} has served {tenure.labels} labelled events: its probation is over; "
        f"{_compared(tenure)}",
        alarm_id=None,
        evidence={
            "labels": tenure.labels,
            "better": tenure.better,
            "worse": tenure.worse,
            "even": tenure.even,
        },
    )


def _compared(tenure: Tenure) -> str:
    compared = tenure.better + tenure.worse + tenure.even
    if not compared:
        return f"it was not compared with version {tenure.previous}"
    return (
        f"better than version {tenure.previous} on {tenure.better} of {compared} events that both answered, "
        f"worse on {tenure.worse}"
    )


def _rose(tenure: Tenure, rung: Rung) -> str:
    what = "error" if tenure.bound is None else f"mean squared error (each cut at {tenure.bound:.4g})"
    return (
        f"version {tenure.version}: {what} {rung.total / rung.labels * tenure.scale:.4g} over {rung.labels} "
        f"labelled events since {iso(rung.change_ts)}; at most {tenure.limit * tenure.scale:.4g} was expected"
    )
