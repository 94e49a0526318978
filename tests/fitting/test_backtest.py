"""Backtests of a small world that turns over: what the loop would have done, and what others would."""

import json
from pathlib import Path

import numpy as np
import pytest
from backtests import BODY, END, FIRST, START, TURNS, asked, stream, told, written
from click.testing import CliRunner

from backtest.baselines import ORACLE, Refit, oracle, periodic
from backtest.history import history
from backtest.policies import overlaid
from backtest.run import Backtest
from console.backtest import backtest
from events.errors import ScoreloopError
from models.snapshots import CONTINUES
from producers import feed as feeding
from producers.missing import missing
from producers.rows import open_rows
from producers.schedule import Timeline


def at(row: int) -> int:
    return START + row * 1_000


def test_a_change_is_found_and_mended(tmp_path: Path) -> None:
    found = told(asked(written(tmp_path), stream(), with_baselines=True), tmp_path)
    one = found["stream"]
    acted = [(d.action, one.results[d.decision_id].status) for d in one.decisions]
    assert acted[0] == ("promote", "done"), "the first version"
    [alarm] = one.alarms
    assert alarm.change_ts is not None
    assert abs(alarm.change_ts - at(TURNS)) <= 40_000
    assert at(TURNS) < alarm.ts <= at(TURNS + 80)
    assert ("retrain", "done") in acted
    assert one.rollbacks == []
    [promoted] = one.promotions
    after = slice((promoted - at(FIRST)) // 1_000 + 1, None)
    assert np.mean(one.losses[after]) < 0.1
    assert np.mean(found["never"].losses[after]) > 0.9
    assert one.error < min(found["never"].error, found["delayed-no-change"].error)
    assert len(found["random"].trainings) == len(one.trainings)
    assert 0.3 < found["delayed-no-change"].error < 0.7
    assert found["adaptive-forest"].error < found["never"].error


def test_a_strategy_is_picked_from_what_the_stream_s_own_buckets_say(tmp_path: Path) -> None:
    made = stream(decisions={**BODY["decisions"], "strategy": "auto"})
    question = asked(written(tmp_path), made, delay=5_000)
    one = told(question, tmp_path)["stream"]
    assert told(question, tmp_path)["stream"].results == one.results, "a replay decides the same"
    [(retrain, why)] = [
        (decision, one.results[decision.decision_id].reason)
        for decision in one.decisions
        if decision.action == "retrain" and one.results[decision.decision_id].status == "done"
    ]
    traffic = retrain.evidence["traffic"]
    assert (traffic["events"], traffic["label_wait_ms"]) == (traffic["labelled"], 5_000)
    assert traffic["span_ms"] == traffic["events"] * 1_000
    assert "; strategy auto: blue-green, as its gate (" in why, "the champion is wrong on all of them"


def test_roles_do_not_flap_where_labels_oscillate(tmp_path: Path) -> None:
    end, every, burst = 2_800, 8_000, 1
    path = written(tmp_path, turns=FIRST, end=end)

    def played(**limits: object) -> tuple[int, int]:
        eager = {**BODY["decisions"], "challenge_from": 0, **limits}
        one = told(asked(path, stream(decisions=eager)), tmp_path)["stream"]
        return len(one.trainings), len(one.promotions) + len(one.rollbacks)

    retrains, changes = played(cooldown=150, retrain_budget={"every": every, "burst": burst})
    most_urgent = 5  # √(1 / 0.04): wrong on everything, and what the first version is expected to be
    assert retrains <= burst + most_urgent * (end - FIRST) // every
    assert 0 < changes <= 2 * retrains, "each promotion may be rolled back from"
    often, flaps = played(cooldown=0, retrain_budget={"every": 0})
    assert often > 2 * retrains, "as long as nothing holds them back"
    assert flaps > 2 * changes


def test_the_loop_without_alarms_is_never(tmp_path: Path) -> None:
    calm = stream(decisions={"tolerance": 0.99})
    found = told(asked(written(tmp_path), calm, with_baselines=True), tmp_path)
    np.testing.assert_array_equal(found["stream"].losses, found["never"].losses)
    assert [decision.action for decision in found["stream"].decisions] == ["promote"]


def test_a_training_takes_its_time(tmp_path: Path) -> None:
    path = written(tmp_path)
    quick = told(asked(path, stream()), tmp_path)["stream"]
    slow = told(asked(path, stream(), training_time=60_000), tmp_path)["stream"]
    assert slow.trainings[-1].by_alarm
    assert 60_000 <= slow.promotions[0] - slow.trainings[-1].ts <= 80_000
    assert slow.promotions[0] >= quick.promotions[0] + 40_000


def test_policies_differ_in_their_decisions_and_meet_the_same_labels(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf.toml"
    deaf.write_text("[decisions]\ntolerance = 0.99\n")
    policies = {"stream": stream(), "deaf": overlaid(stream(), deaf)}
    question = asked(written(tmp_path), stream(), policies=policies, missing=0.3, seed=7, delay=0)
    backtest = Backtest(question, str(tmp_path / "r"), lambda _: None)
    came = set(backtest.history.of)
    assert came == set(np.flatnonzero(~missing(7, FIRST, END - FIRST, 0.3)).tolist())
    found = told(question, tmp_path)
    assert policies["deaf"].training == stream().training
    assert policies["deaf"].decisions.retrain_from == 200, "what the file leaves out is the stream's"
    before = slice(0, TURNS - FIRST)
    np.testing.assert_array_equal(found["stream"].losses[before], found["deaf"].losses[before])
    assert not np.isnan(found["stream"].losses).any(), "the error is that of all rows"
    assert (len(found["deaf"].alarms), len(found["stream"].alarms)) == (0, 1)


def test_a_warning_that_asks_for_a_retrain_meets_the_same_gate(tmp_path: Path) -> None:
    made = stream(drift={"least_rows": 100, "retrain": ["feature", "quality"]})
    one = told(asked(written(tmp_path, turns=END, moves=TURNS), made), tmp_path)["stream"]
    [wanted] = [decision for decision in one.decisions if decision.action == "retrain"]
    [drift] = [drift for drift in one.drifts if drift.feature == "y"]
    assert (drift.alarm, wanted.alarm_id) == (False, drift.alarm_id)
    result = one.results[wanted.decision_id]
    assert result.status == "rejected", "the champion errs on nothing, so nobody is better"
    assert "version 1 stays champion" in result.reason
    assert (len(one.trainings), one.promotions, one.alarms) == (1, [], [])


def test_a_policy_that_contradicts_the_stream_is_refused(tmp_path: Path) -> None:
    naive = tmp_path / "naive.toml"
    naive.write_text('[training]\nfamilies = ["naive-bayes"]\n')
    assert overlaid(stream(), naive).training.families == ("naive-bayes",)
    numbers = stream(task="regression", labels={"horizon": "10m"})
    with pytest.raises(ScoreloopError, match=r"naive.toml: .*knows classes only"):
        overlaid(numbers, naive)


def test_an_online_version_learns_on_from_each_label_once(tmp_path: Path) -> None:
    training = {"families": ["online-linear"], "folds": 2, "snapshot_every": 200}
    deaf = stream(training=training, decisions={"tolerance": 0.99})
    found = told(asked(written(tmp_path), deaf, with_baselines=True), tmp_path)
    one = found["stream"]
    snapshots = [d for d in one.decisions if CONTINUES in d.evidence]
    assert {d.action for d in snapshots} == {"retrain"}
    done = [one.results[d.decision_id].version for d in snapshots if d.decision_id in one.results]
    assert [version for version in done if version] == list(range(2, len(one.promotions) + 2))
    assert one.alarms == []
    assert one.error < found["never"].error


def test_labels_come_when_a_feed_sends_them(tmp_path: Path) -> None:
    rows = open_rows(written(tmp_path, end=60), "10:")
    found = history(stream(), rows, Timeline("world", START, 1_000, 7_000), 0.0, 0)
    assert found.known[:10] == [0] * 8 + [1, 2], "a label comes after the event of its time, not before"
    assert len(found.labels) == len(found) - 7
    assert [turn.events.stop for turn in found.turns] == [11, 31, 50], "at the end of a bucket, and of all"
    assert [turn.labels.stop for turn in found.turns] == [4, 24, 43]
    assert found.turns[0].now == at(20)


def test_a_feed_sends_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bytes]] = []

    class Delivery:
        failed = False

        def __init__(self, _kafka: object) -> None:
            pass

        def send(self, topic: str, _key: str, value: bytes) -> None:
            sent.append((topic, value))

        def poll(self, _seconds: float) -> None:
            pass

        def finish(self) -> None:
            pass

    monkeypatch.setattr(feeding, "Delivery", Delivery)
    monkeypatch.setattr(feeding, "require", lambda *_: None)
    rows, timeline = open_rows(written(tmp_path, end=300), "50:"), Timeline("world", START, 1_000, 7_000)
    feeding.Feed(stream(), rows, feeding.Plan(timeline, missing=0.3, seed=9)).run()
    found = history(stream(), rows, timeline, 0.3, 9)
    events = [at for at, (topic, _) in enumerate(sent) if topic == "world.features"]
    labels = [value for topic, value in sent if topic == "world.labels"]
    assert [sent[at][1] for at in events] == [record.value() for record in found.events]
    assert labels[: len(found.labels)] == [record.value() for record in found.labels]
    assert [at - event for event, at in enumerate(events)] == found.known
    assert len(sent) - events[-1] - 1 >= len(labels) - len(found.labels) > 0, (
        "what comes after the last event"
    )


def test_what_the_baselines_learn_from(tmp_path: Path) -> None:
    rows = open_rows(written(tmp_path, end=3_600), "100:")
    found = history(stream(), rows, Timeline("world", START, 1_000, 500_000), 0.0, 0)
    assert list(periodic(found, 1_000)) == [
        Refit(1_000, slice(0, 500)), Refit(2_000, slice(0, 1_500)), Refit(3_000, slice(500, 2_500)),
    ]  # fmt: skip
    [refit] = oracle(found, [1_100, 3_000])
    assert refit == Refit(1_000 + ORACLE + 500, slice(1_000, 1_000 + ORACLE), filled=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[windows]\nlength = '1h'\n", "windows: unknown key; .*decisions, training"),
        ("[decisions]\nretrain_form = 9\n", "did you mean `retrain_from`"),
        ("[decisions\n", "cannot be read as TOML"),
    ],
)
def test_a_policy_s_file_says_what_is_wrong_with_it(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(ScoreloopError, match=sentence):
        overlaid(stream(), file)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "stream.toml").write_text(
        'name = "world"\ntask = "classification"\nfeatures = { x = "number", y = "number" }\n'
        'labels = { classes = [0, 1], horizon = "50s" }\nwindows = { length = "100s", bucket = "20s" }\n'
        'training = { families = ["linear"], folds = 2 }\n'
        f"decisions = {json.dumps(BODY['decisions']).replace(':', ' =')}\n"
    )
    arguments = [str(tmp_path / "stream.toml"), "--csv", str(written(tmp_path)), "--first", str(FIRST)]
    arguments += ["--label-delay", "5s", "--output", str(tmp_path / "out")]
    shown = CliRunner().invoke(backtest, [*arguments, "--drifts", "700"])
    assert shown.exit_code == 0, shown.output
    assert "stream" in shown.stdout
    assert (tmp_path / "out" / "error.png").stat().st_size > 10_000
    facts = json.loads(CliRunner().invoke(backtest, [*arguments, "--json", "--retrain-cost", "3"]).stdout)
    [one] = facts
    assert one.keys() >= {"policy", "error", "retrains", "alarms", "cost", "regret"}
    assert one["policy"] == "stream"
    assert one["cost"] == pytest.approx(one["error"] * (END - FIRST) + 3 * one["retrains"])
    assert one["regret"] is None
    refused = CliRunner().invoke(backtest, [*arguments[:3], "--rows", "0:100"])
    assert isinstance(refused.exception, ScoreloopError)
