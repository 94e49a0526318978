"""What a detector makes of streams: how often it rings for nothing, and how late where it should."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from scipy.special import chdtri

from calibrate.streams import EVENTS, Cohort, changed, cohorts, null
from events.settings import Decisions
from models.detectors import begun, threshold

DECISIONS = Decisions()
CONFIDENCE = 0.95


class Watched(NamedTuple):
    """A way to watch a stream."""

    name: str
    """The detector's, as settings have it."""
    baseline: float
    """What the mean loss may be, of detectors that are told."""
    size: int = 25
    """Events in a cohort."""
    events: int = EVENTS
    """Of each stream."""
    autocorrelated: bool = False
    """Whether it is told that losses hang together."""

    @property
    def decisions(self) -> Decisions:
        """The settings that say so."""
        return DECISIONS.model_copy(update={"detector": self.name, "autocorrelated": self.autocorrelated})


class Alarms(NamedTuple):
    """On streams without a change."""

    labels: int
    rings: int
    streams: int
    rang: int
    """Streams on which it rang at all."""

    @property
    def rate(self) -> float:
        """False alarms in 10,000 labelled events."""
        return self.rings / self.labels * 10_000

    @property
    def upper(self) -> float:
        """The upper 95 % bound on it, as of a Poisson count (Garwood, Biometrika 28, 1936)."""
        return float(chdtri(2 * (self.rings + 1), 1 - CONFIDENCE)) / 2 / self.labels * 10_000


def rings(watched: Watched, taken: Sequence[Cohort]) -> Iterable[int]:
    """The cohorts in which it rings; each time another detector is begun, as the loop does."""
    decisions = watched.decisions
    detector, wanted = begun(watched.baseline, decisions), threshold(watched.name, decisions)
    for place, cohort in enumerate(taken):
        if not cohort.labels:
            continue
        detector.take(cohort.labels, cohort.total, place)
        if detector.evidence >= wanted:
            yield place
            detector = begun(watched.baseline, decisions)


def false_alarms(watched: Watched, kind: str, streams: range) -> Alarms:
    """On these streams of a kind."""
    labels = rang = found = 0
    for number in streams:
        taken = cohorts(*null(kind, number, watched.events), watched.size)
        alarms = len(list(rings(watched, taken)))
        labels += sum(cohort.labels for cohort in taken)
        found += alarms
        rang += alarms > 0
    return Alarms(labels, found, len(streams), rang)


def as_it_comes(streams: range) -> Alarms:
    """River's PageHinkley without the loop's adapter, on independent losses: it rings at falls, too."""
    from river.drift import PageHinkley  # noqa: PLC0415 (it takes seconds)

    labels = rang = found = 0
    for number in streams:
        losses, _ = null("independent", number)
        detector: Any = PageHinkley()
        alarms = 0
        for loss in losses.tolist():
            detector.update(loss)
            alarms += detector.drift_detected
        labels += len(losses)
        found += alarms
        rang += alarms > 0
    return Alarms(labels, found, len(streams), rang)


def delays(watched: Watched, error: float, streams: range) -> list[int | None]:
    """Labelled events from the change to the first alarm after it, None where there is none."""
    change = watched.events // 2
    found: list[int | None] = []
    for number in streams:
        taken = cohorts(*changed(error, number, change, watched.events), watched.size)
        ends = ((place + 1) * watched.size for place in rings(watched, taken))
        found.append(next((end - change for end in ends if end > change), None))
    return found


def added(alarms: Iterable[Alarms]) -> Alarms:
    """Of several runs."""
    return Alarms(*map(sum, zip(*alarms, strict=True)))
