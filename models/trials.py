"""Trials of challengers: begun and ended by roles, judged on final buckets, a verdict each."""

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from events.monitor_state import TRIAL_KEY
from events.records import Roles
from events.settings import Settings
from models.asking import Asked, judged
from models.tallies import Cell, Tally
from models.trial import Trial


class Trials:
    """Follows who is on trial; at most one is."""

    def __init__(self, settings: Settings) -> None:
        self._decisions = settings.decisions
        self._trial: Trial | None = None
        """The newest; it is kept when it is over, for its number."""
        self._changed = False

    def roles(self, roles: Roles) -> None:
        """It was said who serves."""
        before, canary = self._trial, roles.canary
        if before is not None and roles.epoch <= before.epoch:
            return
        if canary is None:
            if before is not None and not before.over:
                before.over = self._changed = True
        elif before is None or (before.version, before.champion) != (canary.version, roles.champion):
            again = before is not None and before.champion == roles.champion
            number = before.number + 1 if before is not None and again else 1
            self._trial = Trial(roles.epoch, canary.version, roles.champion, number)
            self._changed = True

    def buckets(self, finals: Iterable[tuple[Cell, Tally]], now: int) -> Iterator[Asked]:
        """The verdict that final buckets, in order of time, lead to at `now`, if any."""
        trial = self._trial
        if trial is None:
            return
        paired = ((cell, tally) for cell, tally in finals if tally.pairs)
        for _, bucket in groupby(paired, key=lambda sums: sums[0].from_ts):
            if trial.over:
                return
            for cell, tally in bucket:
                trial.take(cell, tally)
            self._changed = True
            finding = trial.finding(self._decisions)
            if finding == "worse" or (finding is not None and not trial.waits):
                verdict = judged(trial, finding, self._decisions, now)
                trial.waits = finding == "no worse" and self._decisions.approval == "manual"
                trial.over = not trial.waits
                yield Asked(verdict)

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The state's record, if it has changed since the last call."""
        if self._changed and self._trial is not None:
            yield TRIAL_KEY, msgspec.json.encode(self._trial)
        self._changed = False

    def restore(self, value: bytes) -> None:
        """Take up what the state says."""
        self._trial = msgspec.json.decode(value, type=Trial)
