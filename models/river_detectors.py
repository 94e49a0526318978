"""River's detectors of drift, by name and at their defaults, fed with cohorts.

Done here for all of them, once:

- *Polarity.* A loss is fed, so a rise is bad; a change to lower losses is none that anybody has to hear of.
- *Reset.* What it says is of the last cohort only: one that rang does not go on ringing.
- *Order.* Of a cohort only the sum is known, so they see its losses, as many 1 as the sum has and one for the
  rest of it, in an order drawn by the cohort's time: where any order was as likely this is as good as theirs.
- *State.* Plain numbers, to be kept as JSON; when it is put away and taken up changes no answer.

Importing river takes seconds, so only those do it who name one of its detectors.
"""

from collections.abc import Mapping
from importlib import import_module, metadata
from random import Random
from typing import Any

from msgspec import Struct, field

from models.river_state import held, put_back

_RELEASE = metadata.version("river")
_MADE: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "adwin": ("river.drift", "ADWIN", {}),
    "page-hinkley": ("river.drift", "PageHinkley", {"mode": "up"}),
    "kswin": ("river.drift", "KSWIN", {"seed": 0}),
    "ddm": ("river.drift.binary", "DDM", {}),
    "eddm": ("river.drift.binary", "EDDM", {}),
    "hddm-a": ("river.drift.binary", "HDDMA", {}),
    "hddm-w": ("river.drift.binary", "HDDMW", {}),
}


class River(Struct, tag="river"):
    """One of them; it knows no baseline."""

    name: str
    evidence: float = 0.0
    """1 where it rang in the last cohort."""
    release: str = _RELEASE
    """Of river: what another release's object holds says nothing, so a new one begins."""
    state: dict[str, Any] = field(default_factory=dict)

    def take(self, count: int, total: float, ts: int) -> None:
        """A cohort that begins at `ts`: `count` losses, at least one, that sum up to `total`."""
        detector = made(self.name)
        if self.state and self.release == _RELEASE:
            put_back(detector, self.state)
        rose = [_rises(detector, loss) for loss in losses(count, total, ts)]
        self.evidence = float(any(rose))
        self.release, self.state = _RELEASE, held(detector)


def made(name: str) -> Any:
    """River's own object, new.

    Raises:
        KeyError: there is none of that name.
    """
    module, kind, changes = _MADE[name]
    return getattr(import_module(module), kind)(**changes)


def losses(count: int, total: float, ts: int) -> list[float]:
    """`count` losses that sum up to `total`, all but one of them 0 or 1, in an order drawn by `ts`."""
    wrong = int(total)
    found = [1.0] * wrong + ([total - wrong] if total > wrong else [])
    found += [0.0] * (count - len(found))
    Random(ts).shuffle(found)  # noqa: S311 (an order, the same at each reading; no secret)
    return found


def _rises(detector: Any, loss: float) -> bool:
    """Whether it rings because losses went up, not down."""
    before = _level(detector)
    detector.update(loss)
    return bool(detector.drift_detected) and _level(detector) >= before


def _level(detector: Any) -> float:
    """The mean in the window of one that rings both ways, whose older part goes when it does; others: 0."""
    if hasattr(detector, "estimation"):
        return float(detector.estimation)
    window = getattr(detector, "window", ())
    return sum(window) / max(len(window), 1)
