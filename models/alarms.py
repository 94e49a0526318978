"""The alarm on the champion's measured error, and what it asks for: a retrain, or a rollback on probation.

On probation the champion before answers along. A rollback is asked for where the paired evidence says that
the new one is worse on the same events, whether the alarm has rung or not; where the alarm rings without that
the world has changed, and to go back would not help.

It looks at final buckets in order of time. It rings once a change: the retrain is asked for again, under the
same alarm, when there are more labels since the change (`models.rung`). While nothing rings, challengers are
asked for now and then (`models.challenges`). How often that may be is for `models.held_back` to say.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from events.monitor_state import BASELINE_PREFIX, TENURE_KEY
from events.records import Decision, Manifest, Roles
from events.settings import Settings
from models import paired
from models.asking import Asked, challenged, decision, drift, followed, released, returned
from models.baseline import Baseline, baseline
from models.detectors import threshold
from models.rung import Rung
from models.tallies import Cell, Tally
from models.tenure import Tenure, began


class Alarms:
    """Follows who is champion, and whether its error has risen above what its gate promised."""

    def __init__(self, settings: Settings) -> None:
        self._decisions = settings.decisions
        self._bucket = settings.windows.bucket_ms
        self._real = settings.task == "regression"
        self._baselines: dict[int, Baseline] = {}
        self._tenure: Tenure | None = None
        self._changed: dict[bytes, bytes] = {}

    @property
    def tenure(self) -> Tenure | None:
        """The champion's."""
        return self._tenure

    @property
    def urgency(self) -> float:
        """How many events one counts for until the next retrain: the more, the more the error has risen."""
        return 1.0 if self._tenure is None else self._tenure.urgency

    def version(self, manifest: Manifest) -> None:
        """A version was made known."""
        found = baseline(manifest.metrics, real=self._real)
        if found is not None and self._baselines.get(manifest.version) != found:
            self._baselines[manifest.version] = found
            key = BASELINE_PREFIX + str(manifest.version).encode()
            self._changed[key] = msgspec.json.encode(found)

    def roles(self, roles: Roles, newest: int) -> None:
        """It was said who serves; `newest` is where the newest bucket starts of which anything is known."""
        before = self._tenure
        if before is not None and roles.epoch <= before.epoch:
            return
        if before is not None and roles.champion == before.version:
            before.follow(roles)
        else:
            known = self._baselines.get(roles.champion)
            self._tenure = began(roles, before, known, self._decisions, newest)
        self._tell()

    def buckets(self, finals: Iterable[tuple[Cell, Tally]], now: int) -> list[Asked]:
        """What final buckets, in order of time, give rise to at `now`."""
        tenure = self._tenure
        if tenure is None:
            return []
        asked = [
            found
            for cell, tally in finals
            if cell.role == "champion"
            for found in self._taken(tenure, cell, tally, now)
        ]
        self._tell()
        return asked

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The state's records that have changed since the last call."""
        yield from self._changed.items()
        self._changed.clear()

    def restore(self, key: bytes, value: bytes) -> None:
        """Take up what a record of the state says."""
        if key == TENURE_KEY:
            self._tenure = msgspec.json.decode(value, type=Tenure)
        elif key.startswith(BASELINE_PREFIX):
            version = int(key.removeprefix(BASELINE_PREFIX))
            self._baselines[version] = msgspec.json.decode(value, type=Baseline)

    def _taken(self, tenure: Tenure, cell: Cell, tally: Tally, now: int) -> Iterator[Asked]:
        tenure.note(cell, tally)
        before = tenure.returned
        if tenure.answered(cell, tally):
            yield from self._answered(tenure, cell, tally, now)
        if tenure.on_trial or tenure.returned != before:
            return  # a retrain would be of a champion that is leaving
        if (due := self._due(tenure, now)) is not None:
            tenure.challenges.labels = 0
            yield Asked(due)

    def _answered(self, tenure: Tenure, cell: Cell, tally: Tally, now: int) -> Iterator[Asked]:
        tenure.take(cell, tally)
        if tenure.shadowed and tenure.promoted and not tenure.on_probation(self._decisions.probation):
            tenure.shadowed = False
            yield Asked(released(tenure, now))
        if tenure.comparing(self._decisions.probation) and self._worse(tenure):
            tenure.returned = True
            evidence = paired.evidence(tenure.worse, tenure.better)
            yield Asked(returned(tenure, evidence, self._decisions.alpha, now))
        if tenure.rung is None and tenure.evidence >= threshold(tenure.rung_by, self._decisions):
            rung = tenure.ring(f"{tenure.rung_by}.{tenure.version}.{tenure.epoch}.{cell.from_ts}")
            news = drift(tenure, rung, self._decisions, cell.from_ts + self._bucket, now)
            yield Asked(self._first(tenure, rung, now), news)

    def _first(self, tenure: Tenure, rung: Rung, now: int) -> Decision | None:
        """What is asked for as the alarm rings: there may be labels already that its buckets do not hold."""
        probation = tenure.on_probation(self._decisions.probation)
        if tenure.previous is not None and probation and not tenure.compared:
            tenure.returned = True
            return self._ask(tenure, rung, "rollback", now)
        rung.next_at = self._decisions.retrain_from
        if tenure.on_trial or tenure.returned or rung.labels >= rung.next_at:
            return None
        return self._ask(tenure, rung, "retrain", now)

    def _due(self, tenure: Tenure, now: int) -> Decision | None:
        """The retrain that is due; while one is still to come for an alarm, no challenger."""
        if (rung := tenure.rung or tenure.before) is not None and not rung.over:
            if rung.labels < rung.next_at:
                return None
            if tenure.rung is not None:
                return self._ask(tenure, rung, "retrain", now)
            rung.followed(self._decisions.retrain_from)
            return followed(tenure, rung, now)
        if tenure.challenges.due(self._decisions.challenge_from):
            return challenged(tenure, tenure.challenges.ask(self._decisions.alpha), now)
        return None

    def _worse(self, tenure: Tenure) -> bool:
        return paired.evidence(tenure.worse, tenure.better) >= -math.log(self._decisions.alpha)

    def _ask(self, tenure: Tenure, rung: Rung, action: Literal["retrain", "rollback"], now: int) -> Decision:
        rung.ask(self._decisions.retrain_from)
        return decision(tenure, rung, action, now)

    def _tell(self) -> None:
        if self._tenure is not None:
            self._changed[TENURE_KEY] = msgspec.json.encode(self._tenure)
