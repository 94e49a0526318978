"""The detectors that settings may name: how one begins, when it rings, and what that is worth."""

from typing import Protocol

from events.settings import Decisions
from models.dispersion import Dispersion
from models.e_sr import ESR
from models.lifetime import Lifetime
from models.river_detectors import River

E_SR, LIFETIME = "e-sr", "lifetime"


class Detector(Protocol):
    """Tells whether losses in [0, 1] have risen. One that has rung is done: another is begun."""

    def take(self, count: int, total: float, ts: int) -> None:
        """The next cohort, which begins at `ts`: `count` losses, at least one, that sum up to `total`."""

    @property
    def evidence(self) -> float:
        """It rings where this is at least its `threshold`."""


def begun(baseline: float, decisions: Decisions) -> Detector:
    """A new detector; those with a guarantee ask whether the mean loss is above `baseline`, in (0, 1)."""
    return other(baseline, decisions) or e_sr(baseline, decisions)


def e_sr(baseline: float, decisions: Decisions) -> ESR:
    """e-SR, which dates a change whoever rings."""
    return ESR(baseline, dispersion=_dispersion(decisions))


def other(baseline: float, decisions: Decisions) -> Lifetime | River | None:
    """What rings where it is not e-SR."""
    if decisions.detector == LIFETIME:
        return Lifetime(baseline, dispersion=_dispersion(decisions))
    return None if decisions.detector == E_SR else River(decisions.detector)


def threshold(name: str, decisions: Decisions) -> float:
    """The evidence at which a detector rings."""
    known = {E_SR: decisions.false_alarm_every, LIFETIME: 1 / decisions.false_alarm_risk}
    return known.get(name, 1)


def guarantee(name: str, decisions: Decisions) -> str:
    """What is promised about false alarms."""
    if name == E_SR:
        given = "" if decisions.autocorrelated else ", of losses that do not depend on those before"
        return f"at most one false alarm in {decisions.false_alarm_every} labelled events on average{given}"
    if name == LIFETIME:
        return f"false with probability at most {decisions.false_alarm_risk:g} over the version's whole life"
    return f"none: river's {name} at its defaults"


def _dispersion(decisions: Decisions) -> Dispersion | None:
    return Dispersion() if decisions.autocorrelated else None
