"""The live loop in memory: the scorer's, the joiner's, the monitor's and the trainer's own steps, in turn.

What a live loop leaves to chance is settled here: a turn's events are scored, joined and measured, and what
is decided is carried out, before the next event comes. Time is the events'. Whatever the monitor comes to
decide, and the trainer to do about it, happens here without a word of it in this package.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from confluent_kafka import TopicPartition

from backtest.history import History, Record, Turn
from backtest.joins import ANSWERS, Joins
from backtest.memory import Memory
from backtest.serves import Serves
from backtest.told import Scores, Told, Training
from backtest.work import Work
from consumers.monitor import Monitor
from consumers.scorer import Scorer
from consumers.trainer.course import Request
from consumers.trainer.examples import Examples, unlearned
from consumers.trainer.retrain import continues
from consumers.trainer.standing import Standing
from consumers.trainer.trainer import Trainer
from consumers.turn import Batch
from events import topics
from events.outputs import Outputs
from events.records import Decision, Drift
from events.settings import Settings
from events.signatures import Trust
from models.frame import Row
from models.labelled import newest
from models.registry import Registry

_READ = (
    *ANSWERS, topics.OUTCOMES, topics.TALLIES, topics.SOURCES, topics.CONTROL, topics.MODELS, topics.DRIFT,
)  # fmt: skip
_REACH = 32
"""Outcomes that are kept for each row that a retrain learns from: as far back as the live trainer reads."""
_NEVER = 2**62


class Loop:
    """One policy's loop over `history`; `settings` are the policy's, with a registry of its own.

    `given` are operators' decisions by the event before which they are made; the first makes a champion.
    `training_time` is how long a training takes, in milliseconds of event time.
    """

    def __init__(
        self,
        policy: str,
        settings: Settings,
        history: History,
        given: Mapping[int, Sequence[Decision]],
        training_time: int = 0,
    ) -> None:
        self._settings = settings = _unhurried(settings)
        self._history, self._given, self._training_time = history, dict(given), training_time
        self.told = Told(policy, np.full(len(history), np.nan))
        self._scores = Scores(settings, history, self.told)
        self._topics = Memory(settings.name, *_READ)
        self._outcomes: deque[bytes] = deque(maxlen=_REACH * settings.training.rows)
        self._came = 0
        self._now, self._next = history.time(0), 0
        registry = Registry(settings.registry.url)
        self._serves = Serves(settings, registry, self._coming)
        self._scorer = Scorer(settings)
        self._joins = Joins(settings, self._topics)
        self._monitor = Monitor(settings, 1, "backtest", dict, lambda _: None)
        self._trainer = Trainer(settings, self._standing, registry.get, self._trained, lambda _: None)
        for step, topic in (
            (self._scorer, topics.FEATURES), (self._monitor, topics.TALLIES), (self._trainer, topics.CONTROL),
        ):  # fmt: skip
            step.begin([TopicPartition(topic.of(settings.name), 0, 0)])

    def run(self) -> Iterator[int]:
        """Go through the history; gives how many events are done, after each turn."""
        for turn in self._history.turns:
            for at in [at for at in self._given if at <= turn.events.start]:
                self._put(self._given.pop(at))
            self._turn(turn)
            yield turn.events.stop

    def _put(self, decisions: Sequence[Decision]) -> None:
        """Decisions of operators."""
        control = topics.CONTROL.of(self._settings.name)
        messages: Any = [{"key": one.decision_id.encode(), "value": one.encoded()} for one in decisions]
        self._topics.write(Outputs(many={control: messages}), self._now)
        self._decide()

    def _turn(self, turn: Turn) -> None:
        self._now, self._next = turn.now, turn.events.stop
        scored = self._scorer.turn(Batch(self._history.events[turn.events]), turn.now, self._serves.now)
        for message in scored.outputs.many.get(topics.PREDICTIONS.of(self._settings.name), ()):
            self._scores.note(message["value"] or b"")
        self._topics.write(scored.outputs, turn.now)
        self._joins.turn(self._history.labels[turn.labels], turn.now)
        came = self._topics.read(topics.OUTCOMES)
        self._outcomes.extend(record.value() or b"" for record in came)
        self._came += len(came)
        self._measure(self._topics.read(topics.TALLIES))
        self._decide()

    def _measure(self, records: Sequence[Record]) -> None:
        """Let the monitor read on, and note its alarms."""
        self._topics.write(self._monitor(Batch(records), self._now).outputs, self._now)
        drifts = (Drift.found(record.value() or b"") for record in self._topics.read(topics.DRIFT))
        self.told.drifts += filter(None, drifts)

    def _decide(self) -> None:
        """Carry out what was decided, until nothing more comes of it."""
        while True:
            asked = self._topics.read(topics.CONTROL)
            decisions = (Decision.found(record.value() or b"") for record in asked)
            self.told.decisions += filter(None, decisions)
            outputs = self._trainer(Batch(asked), self._now).outputs
            if not (asked or len(outputs)):
                return
            self._topics.write(outputs, self._now)
            models = self._topics.read(topics.MODELS)
            for before, after in self._serves.follow(models):
                self.told.roles(before, after, self._now)
            for record in models:
                self.told.result(record.key() or b"", record.value() or b"")
            self._measure(models)

    def _standing(self) -> Standing:
        return Standing(Trust(self._settings))

    def _trained(self, request: Request) -> Work:
        """A training on the labelled events that are known now."""
        kept = self._came - len(self._outcomes)
        begin = max(kept, unlearned(request.champion).get(0, 0) if continues(request) else 0)
        outcomes = islice(self._outcomes, begin - kept, None)
        labelled = newest(self._settings, outcomes, self._settings.training.rows)
        trained_on = {
            "topic": topics.OUTCOMES.name,
            "partitions": {"0": [begin, self._came]},
            "rows": len(labelled.rows),
            "to_ts": labelled.ts[-1] if labelled.ts else None,
        }
        until = self._now + self._training_time
        work = Work(self._settings, request, Examples(labelled, trained_on), lambda: self._now >= until)
        if work.said:
            self.told.trainings.append(Training(self._now, request.decision.alarm_id is not None))
        return work

    def _coming(self, count: int) -> list[Row]:
        """The next rows that can be answered."""
        span = range(self._next, min(self._next + count, len(self._history)))
        return [self._history.rows[i] for i in span if i not in self._history.incomplete]


def _unhurried(settings: Settings) -> Settings:
    """`settings` without what goes by the clock, or only concerns memory and restarts."""
    changes = {
        "monitor": settings.monitor.model_copy(update={"running_every": _NEVER}),
        "training": settings.training.model_copy(update={"time_limit": _NEVER}),
        "joining": settings.joining.model_copy(update={"memory_entries": _NEVER, "park_after": _NEVER}),
    }
    return settings.model_copy(update=changes)
