"""What came of one policy: its losses, and all that its loop said and did."""

from dataclasses import dataclass, field
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backtest.history import History
from events.prediction_codec import AnswerReader
from events.records import Decision, DecisionResult, Drift, Roles
from events.settings import Settings
from models.matches import judge

_DECISION = b"decision/"


class Training(NamedTuple):
    """One that had something to learn from, begun at an event time."""

    ts: int
    by_alarm: bool


@dataclass
class Told:
    """What `policy` did; `losses` has one for each event, NaN where there is no answer or no label."""

    policy: str
    losses: NDArray[np.float64]
    trainings: list[Training] = field(default_factory=list)
    promotions: list[int] = field(default_factory=list)
    """Event times at which another version became champion, and not by a rollback."""
    rollbacks: list[int] = field(default_factory=list)
    drifts: list[Drift] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    results: dict[str, DecisionResult] = field(default_factory=dict)
    """By decision_id, what became of it."""

    def roles(self, before: Roles | None, after: Roles, now: int) -> None:
        """Note what new roles are: a promotion, a rollback, or neither."""
        if before is not None and before.champion != after.champion:
            actions = [one.action for one in self.decisions if one.decision_id == after.decision_id]
            (self.rollbacks if "rollback" in actions else self.promotions).append(now)

    def result(self, key: bytes, value: bytes) -> None:
        """Note a record of `models`, where it says what became of a decision."""
        if key.startswith(_DECISION) and (result := DecisionResult.found(value)) is not None:
            self.results[key.removeprefix(_DECISION).decode()] = result

    @property
    def alarms(self) -> list[Drift]:
        """The alarms on the measured error."""
        return [drift for drift in self.drifts if drift.alarm]

    @property
    def error(self) -> float:
        """The mean loss of the events that have an answer and a label in the file; NaN without any."""
        return nan if np.isnan(self.losses).all() else float(np.nanmean(self.losses))

    def cost(self, of_a_retrain: float) -> float:
        """J: the sum of the losses, and `of_a_retrain` for each training."""
        return float(np.nansum(self.losses)) + of_a_retrain * len(self.trainings)


class Scores:
    """Notes the losses of served answers in `told`: of labels that come late or never, too."""

    def __init__(self, settings: Settings, history: History, told: Told) -> None:
        self._reader, self._judge = AnswerReader(settings.features), judge(settings.classes)
        self._history, self._told = history, told

    def note(self, prediction: bytes) -> None:
        """A record of `predictions`."""
        answer = self._reader.read(prediction)
        event = int(answer.prediction_id.rpartition("-")[2])  # its offset
        if (truth := self._history.truths[event]) is not None:
            self._told.losses[event] = self._judge.match(answer, truth, answer.ts)[0]
