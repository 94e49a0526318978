"""What the monitor would ask for and may not yet: held, and asked for as soon as `models.budget` allows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from events.monitor_state import HELD_BACK_KEY
from events.records import Decision, Roles
from events.settings import Settings
from models.asking import Asked
from models.budget import Budget, Limit
from models.traffic import Newest
from models.window_book import Sums


class _Held(NamedTuple):
    decision: str
    """As JSON."""
    limit: Limit
    """What held it back first."""


class _State(Struct):
    epoch: int = 0
    budget: Budget = field(default_factory=Budget)
    newest: Newest = field(default_factory=Newest)
    held: dict[str, _Held] = field(default_factory=dict)
    """By what asks."""


class HeldBack:
    """Of what alarms ask for at most one retrain is held, the newest, which has seen the most."""

    def __init__(self, settings: Settings) -> None:
        self._decisions = settings.decisions
        self._bucket, self._horizon = settings.windows.bucket_ms, settings.labels.horizon
        self._state = _State()
        self._changed = False

    @property
    def said(self) -> str | None:
        """What is held back, and by what, for a person; None where nothing is."""
        held = self._state.held.values()
        actions = [(Decision.model_validate_json(one.decision).action, one.limit) for one in held]
        return "; ".join(dict.fromkeys(f"a {action} {self._by(limit)}" for action, limit in actions)) or None

    def roles(self, roles: Roles, newest: int) -> None:
        """It was said who serves; what was held against another champion, or for a canary, is void."""
        state = self._state
        if roles.epoch <= state.epoch:
            return
        state.epoch, self._changed = roles.epoch, True
        if roles.champion != state.budget.champion:
            state.budget.change(roles, newest, self._decisions)
            state.held.clear()
        if roles.canary is None:
            state.held.pop("promote", None)

    def bucket(
        self, sums: Iterable[Sums], wanted: Sequence[Asked], now: int, urgency: float = 1.0
    ) -> Iterator[Asked]:
        """What may be asked for at `now`, of what is held and of what is `wanted` as of the newest bucket.

        An event of it counts `urgency` times.
        """
        self._changed = True
        for cell, tally in sums:
            self._state.budget.take(cell, tally, urgency)
            self._state.newest.take(cell, tally)
        newer = {_key(one.decision) for one in wanted if one.decision is not None}
        yield from self._released([key for key in self._state.held if key not in newer], now)
        for one in wanted:
            decision = one.decision
            if decision is None:
                yield one
            elif (limit := self._state.budget.limit(decision, self._decisions)) is None:
                self._state.held.pop(_key(decision), None)
                self._state.budget.spend(decision, self._decisions)
                yield Asked(self._with_traffic(decision), one.drift)
            else:
                before = self._state.held.get(_key(decision))
                held = _Held(decision.model_dump_json(), limit if before is None else before.limit)
                self._state.held[_key(decision)] = held

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The state's record, if it has changed since the last call."""
        if self._changed:
            yield HELD_BACK_KEY, msgspec.json.encode(self._state)
        self._changed = False

    def restore(self, value: bytes) -> None:
        """Take up what the state says."""
        self._state = msgspec.json.decode(value, type=_State)

    def _released(self, keys: Iterable[str], now: int) -> Iterator[Asked]:
        for key in keys:
            decision = Decision.model_validate_json(self._state.held[key].decision)
            if self._state.budget.limit(decision, self._decisions) is None:
                self._state.budget.spend(decision, self._decisions)
                reason = f"{decision.reason}; until now it {self._by(self._state.held.pop(key).limit)}"
                decision = decision.model_copy(update={"ts": now, "reason": reason})
                yield Asked(self._with_traffic(decision))

    def _with_traffic(self, decision: Decision) -> Decision:
        """The strategy for what comes of a retrain rests on it."""
        if decision.action != "retrain" or self._decisions.strategy != "auto":
            return decision
        traffic = msgspec.to_builtins(self._state.newest.traffic(self._bucket, self._horizon))
        return decision.model_copy(update={"evidence": {**decision.evidence, "traffic": traffic}})

    def _by(self, limit: Limit) -> str:
        if limit == "cooldown":
            after = f"{self._decisions.cooldown} labelled events after version {self._state.budget.champion}"
            return f"was held back by [decisions] cooldown, {after} became champion"
        budget = self._decisions.retrain_budget
        return (
            f"was held back by [decisions] retrain_budget, one in {budget.every} events and at most "
            f"{budget.burst} at once"
        )


def _key(decision: Decision) -> str:
    """A new alarm's retrain takes the place of what follows the one before: one training does for both."""
    return "alarm" if decision.alarm_id is not None and decision.action == "retrain" else decision.action
