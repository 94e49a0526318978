"""The whole loop, by itself: the world changes, the alarm rings, a better version is trained and promoted."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from streams import PATIENCE_SECONDS, Stream, until
from worlds import BEGIN, BODY, WINDOW, WORLDS, Sender, champions, errors, threads, train

from events import topics
from events.records import Decision, DecisionResult, Drift
from events.settings import Kafka
from verify.run import verified


def rolled_back(stream: Stream) -> None:
    arguments = ("rollback", stream.path.name, "--reason", "a test")
    with stream.command(*arguments) as command:
        assert command.wait(PATIENCE_SECONDS) == 0, command.stdout and command.stdout.read()


def alarms(stream: Stream) -> list[Drift]:
    return [Drift.model_validate(record) for record in stream.records(topics.DRIFT)]


@pytest.mark.parametrize("name", WORLDS)
def test_the_loop_mends_itself(kafka: Kafka, tmp_path: Path, name: str) -> None:
    world = WORLDS[name]
    stream = Stream(
        kafka, tmp_path, f'kafka.group_protocol = "{world.groups}"{BODY}{world.classes}', world.task
    )
    sender = Sender(stream, world)
    train(stream, sender, world.before)
    with stream.command("up", stream.path.name) if name == "numbers" else threads(stream):
        sender.send(600, world.before)
        until(lambda: errors(stream, 1, BEGIN + 300_000) or None, "a final window")
        assert alarms(stream) == []
        changed = BEGIN + sender.sent * 1_000
        sender.until(lambda: alarms(stream) or None, "an alarm")
        sender.until(lambda: champions(stream)[1:] or None, "a promotion")
        last = champions(stream)[-1]
        promoted = BEGIN + sender.sent * 1_000
        sender.send(400, world.after)
        until(
            lambda: errors(stream, last, promoted + WINDOW * 1_000)[1:] or None, "the new version's windows"
        )
        rolled_back(stream)
        report = verified(stream.settings, 100, lambda *_: nullcontext(lambda _: None))
    _assert_told(stream, changed)
    assert errors(stream, 1, changed + WINDOW * 1_000)[0] > 3 * world.error
    assert max(errors(stream, last, promoted + WINDOW * 1_000)) < world.error
    assert champions(stream)[-1] == champions(stream)[-3], "the one before the promoted one"
    assert report.holds, report.findings


def _assert_told(stream: Stream, changed: int) -> None:
    """Every step is on its topic, and one leads to the other."""
    drift, *more = alarms(stream)
    assert more == []
    assert drift.change_ts is not None
    assert abs(drift.change_ts - changed) <= 40_000
    control = list(map(Decision.model_validate, stream.records(topics.CONTROL)))
    asked = [decision for decision in control if decision.alarm_id == drift.alarm_id]
    assert {decision.action for decision in asked} == {"retrain"}
    assert {decision.action for decision in control if decision.alarm_id is None} <= {"reject", "rollback"}
    results = {
        (m.key() or b"").decode().partition("/")[2]: DecisionResult.model_validate_json(m.value() or b"")
        for m in stream.read(topics.MODELS) if (m.key() or b"").startswith(b"decision/")
    }  # fmt: skip
    became = [results[decision.decision_id].status for decision in asked if decision.decision_id in results]
    assert became.count("done") == 1
    assert set(became) <= {"done", "rejected"}


def test_a_bad_version_that_was_promoted_by_hand_is_rolled_back(kafka: Kafka, tmp_path: Path) -> None:
    world = WORLDS["two classes"]
    stream = Stream(kafka, tmp_path, BODY + world.classes)
    sender = Sender(stream, world)
    train(stream, sender, world.before)
    train(stream, sender, world.after)
    with threads(stream):

        def back() -> bool | None:
            sender.send(40, world.before)
            return champions(stream)[2:] == [1] or None

        until(back, "the rollback")
    [asked] = map(Decision.model_validate, stream.records(topics.CONTROL))
    assert (asked.action, asked.requested_by, asked.model_version) == ("rollback", "monitor", 2)
    [drift] = alarms(stream)
    assert asked.alarm_id == drift.alarm_id
