"""What an alarm says on `drift`, and what it asks for on `control`."""

import math
from dataclasses import dataclass
from typing import Literal

from events.durations import iso
from events.records import Decision, Drift
from events.settings import Decisions
from models.detectors import guarantee, threshold
from models.rung import Rung
from models.tenure import Tenure
from models.trial import Finding, Trial


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that is asked for, if any; with `drift` where the alarm rang just then."""

    decision: Decision | None
    drift: Drift | None = None


def drift(tenure: Tenure, rung: Rung, decisions: Decisions, to_ts: int, now: int) -> Drift:
    """The alarm that has just rung; it looked at event time up to `to_ts`."""
    return Drift(
        alarm_id=rung.alarm_id,
        ts=now,
        kind="error",
        detector=tenure.rung_by,
        model_version=tenure.version,
        feature=None,
        evidence=tenure.evidence,
        threshold=threshold(tenure.rung_by, decisions),
        from_ts=rung.change_ts,
        to_ts=to_ts,
        change_ts=rung.change_ts,
        guarantee=guarantee(tenure.rung_by, decisions),
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


def followed(tenure: Tenure, rung: Rung, now: int) -> Decision:
    """The retrain that follows the one by which the champion came, on more labels since the same change."""
    return Decision(
        decision_id=f"{rung.alarm_id}.{rung.asked}",
        ts=now,
        action="retrain",
        model_version=tenure.version,
        target_version=None,
        requested_by="monitor",
        reason=f"version {tenure.version} learned soon after the change at {iso(rung.change_ts)}: now there "
        f"are {rung.labels} labelled events since",
        alarm_id=rung.alarm_id,
        evidence={"change_ts": rung.change_ts, "labels": rung.labels},
    )


def challenged(tenure: Tenure, alpha: float, now: int) -> Decision:
    """A challenger though no alarm has rung, to be promoted if it is better at level `alpha`."""
    number = tenure.challenges.number
    return Decision(
        decision_id=f"challenge.{tenure.version}.{tenure.epoch}.{number}",
        ts=now,
        action="retrain",
        model_version=tenure.version,
        target_version=None,
        requested_by="monitor",
        reason=f"no alarm: challenger {number} of version {tenure.version}, for drift that rings none",
        alarm_id=None,
        evidence={"alpha": alpha, "challenger": number},
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
            **_counts(tenure),
        },
    )


def returned(tenure: Tenure, evidence: float, alpha: float, now: int) -> Decision:
    """The version before did better on the same events; `evidence` is the log of what says so."""
    return Decision(
        decision_id=f"compared.{tenure.version}.{tenure.epoch}",
        ts=now,
        action="rollback",
        model_version=tenure.version,
        target_version=tenure.previous,
        requested_by="monitor",
        reason=f"version {tenure.version} is {_compared(tenure)}: evidence {_told(evidence)} of "
        f"{_told(-math.log(alpha))} that it is worse",
        alarm_id=None,
        evidence={**_counts(tenure), "log_evidence": evidence},
    )


def judged(trial: Trial, finding: Finding, decisions: Decisions, now: int) -> Decision:
    """The verdict on a challenger, with its numbers."""
    worse, wealth = trial.worth, trial.wealth(decisions.margin)
    words = {
        "no worse": f"no worse than version {trial.champion} by {decisions.margin:g} or more: evidence "
        f"{_told(wealth)} of {_told(trial.wanted_wealth(decisions.alpha))}, challenger {trial.number}",
        "worse": f"worse than version {trial.champion}: evidence {_told(worse)} of "
        f"{_told(trial.wanted(decisions.alpha))}",
        "inconclusive": f"neither worse nor certainly no worse than version {trial.champion} after "
        f"{trial.compared} labelled events: version {trial.champion} stays",
    }
    counts = _counts(trial)
    return Decision(
        decision_id=f"trial.{trial.version}.{trial.epoch}" + (".waiting" if trial.waits else ""),
        ts=now,
        action="promote" if finding == "no worse" else "reject",
        model_version=trial.champion,
        target_version=trial.version,
        requested_by="monitor",
        reason=f"version {trial.version} is {words[finding]}; of {trial.compared} events that both answered "
        f"it was better on {trial.better}, worse on {trial.worse}",
        alarm_id=None,
        evidence={**counts, "finding": finding, "log_evidence_worse": worse, "log_evidence_no_worse": wealth},
    )


def _counts(of: Tenure | Trial) -> dict[str, int]:
    return {"better": of.better, "worse": of.worse, "even": of.even}


def _told(evidence: float) -> str:
    """The evidence of which this is the log."""
    return f"{math.exp(evidence):.3g}" if evidence < 700 else f"e^{evidence:.0f}"  # noqa: PLR2004 (a double's end)


def _compared(tenure: Tenure) -> str:
    if not tenure.compared:
        return f"it was not compared with version {tenure.previous}"
    return (
        f"better than version {tenure.previous} on {tenure.better} of {tenure.compared} events that both "
        f"answered, worse on {tenure.worse}"
    )


def _rose(tenure: Tenure, rung: Rung) -> str:
    what = "error" if tenure.bound is None else f"mean squared error (each cut at {tenure.bound:.4g})"
    return (
        f"version {tenure.version}: {what} {rung.total / rung.labels * tenure.scale:.4g} over {rung.labels} "
        f"labelled events since {iso(rung.change_ts)}; at most {tenure.limit * tenure.scale:.4g} was expected"
    )
