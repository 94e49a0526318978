"""How often the loop may change the champion by itself: a cooldown after each change, and a retrain budget.

Both count what final buckets say, labelled events and events, and never look at a clock: so a replay holds
back what the live run did. The budget is a token bucket: it holds `burst` retrains, begins full, and gets one
more for each `every` events served; so while no alarm is on for long there are at most burst + n / every
retrains in n events. Events are counted, and not labels, of which some never come: the loop would act the
more seldom the more are missing. After an alarm each counts √(error / what was expected at most) times
(`models.rung`): drift that never rests keeps the alarm on, and then the budget decides, but with a champion
that is wrong on everything one does not wait as long as with one that is a little worse.

What an alarm asks for as it rings, on few labels, has to be paid for only where a promotion comes of it: most
often the gate has too few of them.
"""

from typing import Literal

from msgspec import Struct

from events.records import Decision, Roles
from events.settings import Decisions
from models.tallies import Cell, Tally

Limit = Literal["cooldown", "retrain_budget"]
"""What holds back, by its name in `[decisions]`."""


class Budget(Struct):
    """Plain numbers, kept as JSON in `internal.windows`."""

    champion: int = 0
    """0 before the first."""
    since: int = 0
    """Buckets that start before are not of its time as champion."""
    cooling: int = 0
    """Labelled events until another change may be asked for."""
    owed: float = 0.0
    """Events until the retrain budget is full again."""
    alarm: str | None = None
    """Whose retrain was asked for last, unless what came of it was rolled back."""
    unpaid: bool = False
    """Whether that retrain is to be paid for when a promotion comes of it."""

    def change(self, roles: Roles, newest: int, decisions: Decisions) -> None:
        """Another champion serves; `newest` is where the newest bucket starts of which anything is known."""
        if roles.previous[:1] != (self.champion,):
            self.alarm = None
        elif self.unpaid:
            self.owed += decisions.retrain_budget.every
        self.unpaid = False
        self.cooling = decisions.cooldown if self.champion else 0
        self.champion, self.since = roles.champion, newest

    def take(self, cell: Cell, tally: Tally, urgency: float = 1.0) -> None:
        """The next of the final buckets, of whichever version; each of its events counts `urgency` times."""
        if cell.role == "shadow":
            return
        self.owed = max(self.owed - urgency * tally.predictions, 0.0)
        if cell.model_version == self.champion and cell.from_ts >= self.since:
            self.cooling = max(self.cooling - tally.matched, 0)

    def limit(self, decision: Decision, decisions: Decisions) -> Limit | None:
        """What forbids to ask for `decision` now; None where nothing does.

        A rollback is never held back, nor is taking out what serves beside the champion. The budget is for
        retrains that an alarm asks for; the cooldown is not for one that follows a promotion by the same
        alarm, on more labels since the same change.
        """
        follows = _by_alarm(decision) and decision.alarm_id == self.alarm
        if decision.action in {"retrain", "promote"} and self.cooling and not follows:
            return "cooldown"
        budget = decisions.retrain_budget
        over = self.owed + budget.every > budget.every * budget.burst
        return "retrain_budget" if _by_alarm(decision) and over else None

    def spend(self, decision: Decision, decisions: Decisions) -> None:
        """`decision` is asked for."""
        if not _by_alarm(decision):
            return
        labels = decision.evidence.get("labels")
        self.alarm = decision.alarm_id
        self.unpaid = isinstance(labels, int) and labels < decisions.retrain_from
        self.owed += 0 if self.unpaid else decisions.retrain_budget.every


def _by_alarm(decision: Decision) -> bool:
    return decision.action == "retrain" and decision.alarm_id is not None
