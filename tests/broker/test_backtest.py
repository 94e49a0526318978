"""A live loop and its backtest, given the same versions at the same events, decide the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from backtests import FIRST, START, written
from streams import PATIENCE_SECONDS, Stream, until
from trainings import decision

from backtest.history import History, Turn, history
from backtest.loop import Loop
from consumers.join.service import run_joiner
from consumers.monitor_service import run_monitor
from consumers.service import run_scorer
from consumers.trainer.draft import DRAFT
from consumers.trainer.registration import registered
from consumers.trainer.service import run_trainer
from events import topics
from events.monitor_state import TENURE_KEY, TOTALS_KEY, Totals
from events.records import Decision, DecisionResult, Drift, Roles
from events.settings import Kafka
from models import training
from models.e_sr import ESR
from models.tenure import Tenure
from producers.examples import Examples, examples
from producers.rows import open_rows
from producers.schedule import Timeline
from transport import clients
from transport.written import read_written

TURNS, END = 1_200, 1_760
"""Rows: where the world turns over, and where it ends."""
BAD = 7
"""The turn before which a version that is always wrong is promoted by hand."""
BODY = """
features = { x = "number", y = "number" }
labels = { classes = [0, 1], horizon = "100s" }
windows = { length = "200s", bucket = "40s" }
[decisions]
false_alarm_every = 1000
retrain_from = 50
retrain_budget = { every = 1500, burst = 1 }
[training]
families = ["linear"]
folds = 2
[limits]
idle_after = "10m"
"""
Given = Mapping[int, Sequence[Decision]]


class Said(NamedTuple):
    """All that a loop decided, in order, without the clock's times."""

    alarms: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    results: dict[str, dict[str, Any]]


def said(
    drifts: Sequence[Drift], decisions: Sequence[Decision], results: Mapping[str, DecisionResult]
) -> Said:
    return Said(
        [drift.model_dump(exclude={"ts"}) for drift in drifts],
        [one.model_dump(exclude={"ts"}) for one in decisions],
        {name: result.model_dump(exclude={"ts"}) for name, result in results.items()},
    )


class Live:
    """Services in threads, fed turn by turn: each is over and done with before the next begins."""

    def __init__(self, stream: Stream, history: History) -> None:
        self._stream, self._history = stream, history
        self._producer = clients.producer(stream.settings.kafka)

    def run(self, given: Given) -> Said:
        with ExitStack() as stack:
            for run in (run_scorer, run_joiner, run_monitor, run_trainer):
                stack.enter_context(self._stream.service(run, 0))
            for turn in self._history.turns:
                for one in given.get(turn.events.start, ()):
                    self._send(topics.CONTROL, one.decision_id.encode(), one.encoded())
                    assert self._producer.flush(PATIENCE_SECONDS) == 0
                    until(lambda: self._decided() or None, "the decision by hand")
                self._send_turn(turn)
                until(lambda turn=turn: self._measured(turn) or None, f"event {turn.events.stop}, measured")
                until(lambda: self._decided() or None, f"event {turn.events.stop}, decided upon")
        drifts = list(map(Drift.model_validate, self._stream.records(topics.DRIFT)))
        return said(drifts, self._asked(), _results(dict(self._written(topics.MODELS))))

    def _send_turn(self, turn: Turn) -> None:
        for record in self._history.events[turn.events]:
            self._send(topics.FEATURES, record.key(), record.value())
        for record in self._history.labels[turn.labels]:
            self._send(topics.LABELS, record.key(), record.value())
        assert self._producer.flush(PATIENCE_SECONDS) == 0

    def _send(self, topic: topics.Topic, key: bytes | None, value: bytes | None) -> None:
        self._producer.produce(self._stream.topic(topic), value, key)

    def _measured(self, turn: Turn) -> bool:
        """The monitor has all that came of the turn: its watermark says so."""
        totals = Totals.found(self._state().get(TOTALS_KEY, b""))
        _, last = self._history.labels[turn.labels.stop - 1].timestamp()
        reached = min(turn.now, last)
        return totals is not None and (totals.watermark, totals.labels.read) == (reached, turn.labels.stop)

    def _decided(self) -> bool:
        """What was decided has been carried out, and all know of it; nothing more came of that."""
        asked, models = self._asked(), dict(self._written(topics.MODELS))
        if _results(models).keys() != {one.decision_id for one in asked}:
            return False
        epoch = Roles.model_validate_json(models[topics.ROLES_KEY]).epoch
        tenure, worker = self._state().get(TENURE_KEY), self._stream.worker()
        return (
            tenure is not None
            and msgspec.json.decode(tenure, type=Tenure).epoch == epoch
            and worker is not None
            and worker.epoch == epoch
            and self._asked() == asked
        )

    def _asked(self) -> list[Decision]:
        return [Decision.model_validate_json(value) for _, value in self._written(topics.CONTROL)]

    def _state(self) -> dict[bytes, bytes]:
        return dict(self._written(topics.WINDOWS))

    def _written(self, topic: topics.Topic) -> Iterator[tuple[bytes, bytes]]:
        """All of a topic, also what was being committed."""
        kafka = self._stream.settings.kafka
        for message in read_written(kafka, self._stream.topic(topic), say=lambda *_: None):
            yield message.key() or b"", message.value() or b""  # type: ignore[misc]


def _results(models: Mapping[bytes, bytes]) -> dict[str, DecisionResult]:
    return {
        key.decode().partition("/")[2]: DecisionResult.model_validate_json(value)
        for key, value in models.items()
        if key.startswith(b"decision/")
    }


def promotion(stream: Stream, name: str, known: Examples, *, wrong: bool) -> Decision:
    """By hand: a version that knows the world as it is at first, or the other way round."""
    labels = [1 - label if wrong else label for label in known.labels]  # type: ignore[operator]
    trained = training.train(stream.settings, known.rows, labels)
    draft = registered(stream.settings, trained, {"rows": len(labels)})
    return decision("promote", name, evidence={DRAFT: draft.model_dump()})


def backtested(stream: Stream, history: History, given: Given) -> Said:
    loop = Loop("stream", stream.settings, history, given)
    assert list(loop.run())[-1] == len(history)
    return said(loop.told.drifts, loop.told.decisions, loop.told.results)


def with_late_labels(history: History) -> History:
    """Each turn has the labels of the turn before."""
    none = slice(0, 0)
    late = [none, *(turn.labels for turn in history.turns)]
    turns = [replace(turn, labels=labels) for turn, labels in zip(history.turns, late, strict=False)]
    return replace(history, turns=turns)


@contextmanager
def without_the_n(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The alarm with "+ 1" a cohort in place of "+ n"."""
    take = ESR.take

    def taken(self: ESR, count: int, total: float, ts: int) -> None:
        self.sums = [value + 1 - count for value in self.sums]
        take(self, count, total, ts)

    with patch.context() as context:
        context.setattr(ESR, "take", taken)
        yield


def test_a_live_loop_and_its_backtest_decide_the_same(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(kafka, tmp_path, BODY, partitions=1)
    path, name = written(tmp_path, TURNS, END), stream.settings.name
    known = examples(stream.settings, open_rows(path, f":{FIRST}"))
    timeline = Timeline(name, START, 1_000, 5_000)
    events = history(stream.settings, open_rows(path, f"{FIRST}:"), timeline, 0.1, 3)
    given = {
        0: [promotion(stream, "good", known, wrong=False)],
        events.turns[BAD].events.start: [promotion(stream, "bad", known, wrong=True)],
    }
    live = Live(stream, events).run(given)
    assert backtested(stream, events, given) == live
    actions = [one["action"] for one in live.decisions]
    assert actions[:2] == ["promote", "promote"]
    assert "rollback" in actions, "from the bad version"
    done = [one["action"] for one in live.decisions if live.results[one["decision_id"]]["status"] == "done"]
    assert "retrain" in done, "when the world turned over"
    assert "held back by [decisions] retrain_budget" in " ".join(one["reason"] for one in live.decisions)
    assert backtested(stream, with_late_labels(events), given) != live, "a planted bug"
    with without_the_n(monkeypatch):
        assert backtested(stream, events, given) != live, "another"
