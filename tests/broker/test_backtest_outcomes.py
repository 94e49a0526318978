"""A backtest over a stream's own events finds what one over the rows that they were finds."""

import json
from contextlib import ExitStack, nullcontext
from pathlib import Path

import numpy as np
from backtests import FIRST, START, unseen, written
from click.testing import CliRunner
from streams import Stream, until

from backtest.outcomes import of_outcomes
from backtest.past import Past, of_rows
from backtest.run import Backtest, Question
from backtest.told import Told
from console.backtest import backtest
from consumers.join.service import run_joiner
from consumers.service import run_scorer
from events import topics
from events.settings import Kafka
from producers.feed import Feed, Plan
from producers.rows import open_rows
from producers.schedule import Timeline

BODY = """
features = { x = "number", y = "number" }
labels = { classes = [0, 1], horizon = "50s" }
windows = { length = "100s", bucket = "20s" }
decisions = { false_alarm_every = 1000, retrain_from = 200 }
training = { families = ["linear"], folds = 2 }
"""
MISSING, SEED = 0.2, 7


def told(stream: Stream, past: Past, folder: Path) -> Told:
    question = Question(policies={"stream": stream.settings}, past=past)
    [found] = Backtest(question, str(folder), lambda _: None).told(unseen)
    return found


def test_a_stream_s_own_events_are_asked_as_the_rows_that_they_were(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    rows = open_rows(written(tmp_path))
    timeline = Timeline(stream.settings.name, START, 1_000, 5_000)
    wanted = of_rows(stream.settings, rows, FIRST, timeline, MISSING, SEED)
    labels = FIRST + len(wanted.history.of)
    stream.train()
    with ExitStack() as services:
        for run in (run_scorer, run_joiner):
            services.enter_context(stream.service(run, 0))
        Feed(stream.settings, open_rows(rows.path or tmp_path, f":{FIRST}"), Plan(timeline)).run()
        left = open_rows(rows.path or tmp_path, f"{FIRST}:")
        Feed(stream.settings, left, Plan(timeline, missing=MISSING, seed=SEED)).run()

        def joined() -> bool | None:
            outcomes = stream.records(topics.OUTCOMES)
            return sum(one["status"] == "matched" for one in outcomes) >= labels or None

        stream.await_messages(topics.PREDICTIONS, len(rows))
        until(joined, "the labels")
    found = of_outcomes(stream.settings, FIRST, 10_000, lambda *_: nullcontext(lambda _: None))
    assert (found.examples.rows, found.examples.labels) == (wanted.examples.rows, wanted.examples.labels)
    assert found.history.of == wanted.history.of
    mine, its = told(stream, found, tmp_path / "a"), told(stream, wanted, tmp_path / "b")
    assert len(its.alarms) == 1
    assert [drift.model_dump() for drift in mine.drifts] == [drift.model_dump() for drift in its.drifts]
    assert mine.promotions == its.promotions != []
    assert [one.action for one in mine.decisions] == [one.action for one in its.decisions]
    known = ~np.isnan(mine.losses)
    np.testing.assert_array_equal(mine.losses[known], its.losses[known])
    assert 0.75 < known.mean() < 0.85, "the losses of missing labels are not known"

    shown = CliRunner().invoke(backtest, [str(stream.path), "--first", str(FIRST), "--json"])
    [facts] = json.loads(shown.stdout)
    assert (facts["error"], facts["alarms"], facts["events"]) == (mine.error, 1, len(wanted.history))
    refused = CliRunner().invoke(backtest, [str(stream.path), "--label-delay", "5s"])
    assert refused.exit_code == 2
    assert "--label-delay is for a file's rows" in refused.output
