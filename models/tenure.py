"""One version's time as champion, as its alarm sees it: what it answered, and whether that got worse.

Plain numbers, kept as JSON in `internal.windows`.
"""

from typing import NamedTuple

from msgspec import Struct, field

from events.json_reading import INT64_MIN
from events.records import Roles
from events.settings import Decisions
from models import exact, losses
from models.baseline import Baseline, upper
from models.challenges import Challenges
from models.detectors import E_SR, e_sr, other
from models.e_sr import ESR
from models.lifetime import Lifetime
from models.river_detectors import River
from models.rung import Rung
from models.tallies import Cell, Tally

RECENT = 500
"""Of how many of the newest losses an error is taken as lately measured."""


class Cohort(NamedTuple):
    """The labelled answers of a bucket that is final."""

    ts: int
    """Where the bucket starts."""
    labels: int
    total: float
    """Of their losses, scaled to [0, 1]."""


class Tenure(Struct):
    """A champion's: it ends when roles name another."""

    epoch: int
    version: int
    since: int
    """Buckets that start before belong to an earlier tenure of the same version."""
    previous: int | None
    """Whom a rollback would bring back."""
    promoted: bool
    """Whether it took the place of another champion, and not by a rollback: then it is on probation."""
    served: list[int]
    """Every version that has been champion so far."""
    detector: ESR | None
    """None where its error cannot be held against anything. It dates the change, whoever rings."""
    other: Lifetime | River | None = None
    """What rings in its place, where settings name another."""
    bound: float | None = None
    """As of its `models.baseline.Baseline`."""
    rung: Rung | None = None
    before: Rung | None = None
    """The alarm of the champion before."""
    challenges: Challenges = field(default_factory=Challenges)
    on_trial: bool = False
    """Whether a challenger is on trial against it: until the verdict there is no retrain."""
    labels: int = 0
    """Losses measured so far."""
    shadowed: bool = False
    """Whether the version before it answers the same events as a shadow."""
    better: int = 0
    """Labelled events on which its loss was lower than that one's."""
    worse: int = 0
    even: int = 0
    returned: bool = False
    """Whether a rollback was asked for."""
    recent: list[Cohort] = field(default_factory=list)

    @property
    def evidence(self) -> float:
        """That the error has risen above its baseline."""
        ringing = self.other or self.detector
        return 0.0 if ringing is None else ringing.evidence

    @property
    def rung_by(self) -> str:
        """The name of what rings."""
        return E_SR if self.other is None else self.other.name

    @property
    def urgency(self) -> float:
        """As of the alarm that there is still something to do for; 1 without."""
        rung = self.rung or self.before
        return 1.0 if rung is None else rung.urgency

    @property
    def limit(self) -> float:
        """The baseline: the mean loss that is expected at most."""
        return 1.0 if self.detector is None else self.detector.baseline

    @property
    def scale(self) -> float:
        """What a loss of 1 stands for."""
        return self.bound or 1.0

    def answered(self, cell: Cell, tally: Tally) -> bool:
        """Whether a bucket has labelled answers of this tenure."""
        ours = cell.role == "champion" and cell.model_version == self.version and cell.from_ts >= self.since
        return ours and tally.matched > 0

    def loss(self, tally: Tally) -> float:
        """The sum of a bucket's losses, scaled to [0, 1]."""
        return exact.real(tally.loss) if self.bound is None else losses.clipped(tally.losses, self.bound)

    def follow(self, roles: Roles) -> None:
        """Roles of a later epoch, with the same champion."""
        self.epoch, self.previous = roles.epoch, next(iter(roles.previous), None)
        self.shadowed &= self.previous in roles.shadows
        self.on_trial = roles.canary is not None

    def note(self, cell: Cell, tally: Tally) -> None:
        """The next bucket of what champions answered, this one or one before it."""
        self.challenges.labels += tally.matched
        if (rung := self.rung or self.before) is not None and tally.matched:
            rung.newest = self.loss(tally) / tally.matched
        if self.before is not None and cell.from_ts >= self.before.change_ts:
            self.before.labels += tally.matched

    def take(self, cell: Cell, tally: Tally) -> None:
        """The next of its buckets, in order of time."""
        total = self.loss(tally)
        self.labels += tally.matched
        self.better += tally.pairs.get((self.previous or 0, -1), 0)
        self.worse += tally.pairs.get((self.previous or 0, 1), 0)
        self.even += tally.pairs.get((self.previous or 0, 0), 0)
        self.recent.append(Cohort(cell.from_ts, tally.matched, total))
        while sum(one.labels for one in self.recent[1:]) >= RECENT:
            del self.recent[0]
        if self.rung is not None:
            self.rung.labels += tally.matched
            self.rung.total += total
        elif self.detector is not None:
            self.detector.take(tally.matched, total, cell.from_ts)
            if self.other is not None:
                self.other.take(tally.matched, total, cell.from_ts)

    def on_probation(self, labels: int) -> bool:
        """Whether it was promoted, and no more than `labels` losses have been measured since."""
        return self.promoted and self.labels <= labels

    @property
    def compared(self) -> int:
        """Labelled events that the version before it answered, too."""
        return self.worse + self.better + self.even

    def comparing(self, probation: int) -> bool:
        """Whether the version before it may come back for being better on the same events."""
        return self.on_probation(probation) and self.previous is not None and not self.returned

    def ring(self, alarm_id: str) -> Rung:
        """The alarm rings; once, and only where there is a detector."""
        detector = self.detector or ESR(self.limit)
        start = detector.change
        self.recent = [one for one in self.recent if one.ts >= start.ts]
        total = max(detector.total - start.total, 0.0)
        unmended = self.before is not None and not self.before.over
        limit = min(self.limit, self.before.limit) if self.before is not None and unmended else self.limit
        self.rung = Rung(alarm_id, start.ts, detector.losses - start.losses, total, limit=limit)
        return self.rung

    def left(self, known: Baseline | None, *, promoted: bool) -> Rung | None:
        """What is left to do for its alarm, or one before, when a version of which `known` is known follows.

        After a rollback that was asked for, all of the one before. Nothing where a person decides.
        """
        rung = (self.rung or self.before) if promoted else self.before
        if rung is not None and known is not None:
            rung.limit *= self.scale / (known.bound or 1.0)
        if rung is not None and promoted and known is not None and known.gated:
            rung.follow(mended=known.mended)
            return rung
        if rung is not None and not promoted and self.returned:
            rung.resume()
            return rung
        return None

    def measured(self) -> float | None:
        """The upper bound on the mean loss as lately measured, unscaled; after an alarm, since the change."""
        count, total = sum(one.labels for one in self.recent), sum(one.total for one in self.recent)
        return upper(count, total, real=self.bound is not None) * self.scale if count else None


def began(
    roles: Roles, before: Tenure | None, known: Baseline | None, decisions: Decisions, newest: int
) -> Tenure:
    """The tenure that begins with `roles`, in the place of `before`, of a version of which `known` is known.

    A version that was not promoted for being better on the same events must not be worse than the champion
    before it was lately measured at: nobody has looked. `newest` is where the newest known bucket starts: a
    version that serves again does not answer for what it did before.
    """
    promoted = before is not None and roles.previous[:1] == (before.version,)
    served = [] if before is None else before.served
    scale = 1.0 if known is None else known.bound or 1.0
    limit = 1.0 if known is None else known.upper
    if promoted and before is not None and known is not None and not known.gated:
        measured = before.measured()
        limit = limit if measured is None else min(limit, measured / scale)
    limit += decisions.tolerance
    return Tenure(
        epoch=roles.epoch,
        version=roles.champion,
        since=newest if roles.champion in served else INT64_MIN,
        previous=next(iter(roles.previous), None),
        promoted=promoted,
        shadowed=roles.previous[:1] != () and roles.previous[0] in roles.shadows,
        served=sorted({*served, roles.champion}),
        detector=e_sr(limit, decisions) if limit < 1 else None,
        other=other(limit, decisions) if limit < 1 else None,
        bound=None if known is None else known.bound,
        before=None if before is None else before.left(known, promoted=promoted),
        on_trial=roles.canary is not None,
    )
