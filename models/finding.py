"""What a test of one stretch of events found, and how it is told of on `drift`."""

from typing import NamedTuple

from events.records import Decision, Drift
from events.settings import WarningKind
from models.two_samples import Comparison


class Finding(NamedTuple):
    """Of one feature, of the scores, or of the labels' coverage."""

    kind: WarningKind
    detector: str
    feature: str | None
    found: Comparison
    limit: float
    """Distances up to this one are not worth a warning."""
    words: str
    """What is and what was, for a person."""

    @property
    def name(self) -> str:
        """There is one warning at a time of a kind and feature, or else of a detector."""
        return self.detector if self.feature is None else f"{self.kind}/{self.feature}"

    @property
    def matters(self) -> bool:
        """Whether it is worth a warning, if it is no chance."""
        return self.found.distance > self.limit

    @property
    def calm(self) -> bool:
        """Whether it is over, if it was worth one: well below the limit."""
        return self.found.distance <= self.limit / 2


class Seen(NamedTuple):
    """What was looked at: answers of a version that serves by the roles of `epoch`, in a range of time."""

    version: int
    epoch: int
    from_ts: int
    to_ts: int
    answers: int


def warning(finding: Finding, seen: Seen, rate: float, now: int) -> Drift:
    """What is told at `now`; `rate` is that of `models.excursions`."""
    feature = "" if finding.feature is None else f".{finding.feature}"
    return Drift(
        alarm_id=f"{finding.detector}.{seen.version}.{seen.epoch}.{seen.from_ts}{feature}",
        ts=now,
        kind=finding.kind,
        detector=finding.detector,
        model_version=seen.version,
        feature=finding.feature,
        evidence=finding.found.distance,
        threshold=finding.limit,
        from_ts=seen.from_ts,
        to_ts=seen.to_ts,
        change_ts=seen.from_ts,
        guarantee=f"where nothing moves and events are independent, a share of {rate:.4g} of the stretches "
        "at most has a false warning; one warning an excursion",
        message=f"{finding.words}; {seen.answers} events of version {seen.version}",
    )


def retrain(warned: Drift) -> Decision:
    """What is asked for because of a warning, where settings say so.

    Its evidence has no `change_ts`, since which a retrain would learn: what is warned of has no labels yet.
    """
    return Decision(
        decision_id=f"{warned.alarm_id}.retrain",
        ts=warned.ts,
        action="retrain",
        model_version=warned.model_version,
        target_version=None,
        requested_by="monitor",
        reason=f"version {warned.model_version}, without labels: {warned.message}",
        alarm_id=warned.alarm_id,
        evidence=warned.model_dump(
            include={"kind", "detector", "feature", "evidence", "threshold", "from_ts", "to_ts"}
        ),
    )


def percent(share: float) -> str:
    """`0.3 %`, `12.5 %`."""
    return f"{100 * share:.3g} %"
