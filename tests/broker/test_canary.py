"""Challengers on trial in the whole loop: labels on events that both answered decide, and nothing else."""

from pathlib import Path

import pytest
from models_writer import promote
from streams import PATIENCE_SECONDS, Stream, until
from worlds import BODY, WORLDS, Sender, World, champions, threads, train

from events import topics
from events.records import Canary, Decision, DecisionResult, Roles
from events.settings import Kafka
from models import training

TRIED = BODY.replace("[decisions]", '[decisions]\nstrategy = "canary"\ncanary_share = 0.3\ntrial = 400')
WORLD = WORLDS["two classes"]


def result(stream: Stream, decision_id: str) -> DecisionResult | None:
    """What became of a decision, None so far."""
    found = [m.value() for m in stream.read(topics.MODELS) if m.key() == topics.decision_key(decision_id)]
    return DecisionResult.model_validate_json(found[-1] or b"") if found else None


def verdicts(stream: Stream) -> list[Decision]:
    """The monitor's decisions on trials."""
    control = map(Decision.model_validate, stream.records(topics.CONTROL))
    return [decision for decision in control if decision.decision_id.startswith("trial.")]


def test_a_challenger_serves_a_share_until_labels_have_shown_it_better(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, TRIED + WORLD.classes)
    sender = Sender(stream, WORLD)
    train(stream, sender, WORLD.before)
    with threads(stream):
        sender.send(400, WORLD.before)
        sender.until(lambda: champions(stream)[1:] or None, "a promotion")
    [verdict] = verdicts(stream)
    assert (verdict.action, verdict.target_version) == ("promote", 2)
    assert champions(stream) == [1, 2]
    answers: dict[str, set[int]] = {}
    for topic in (topics.PREDICTIONS, topics.SHADOWS):
        for record in stream.records(topic):
            assert record["model_version"] not in answers.setdefault(record["prediction_id"], set())
            answers[record["prediction_id"]].add(record["model_version"])
    served = [record["role"] for record in stream.records(topics.PREDICTIONS)]
    both = sum(versions == {1, 2} for versions in answers.values())
    assert 0.15 < served.count("canary") / both < 0.45, "its share of the events that both answered"
    assert both >= verdict.evidence["better"] + verdict.evidence["worse"] + verdict.evidence["even"]


def test_a_verdict_waits_for_approval_where_settings_say_so(kafka: Kafka, tmp_path: Path) -> None:
    manual = TRIED.replace("[decisions]", '[decisions]\napproval = "manual"')
    stream = Stream(kafka, tmp_path, manual + WORLD.classes)
    sender = Sender(stream, WORLD)
    train(stream, sender, WORLD.before)
    with threads(stream):
        sender.send(400, WORLD.before)
        [verdict] = sender.until(lambda: verdicts(stream) or None, "a verdict")
        assert (verdict.action, champions(stream)) == ("promote", [1])
        with stream.command("approve", stream.path.name, verdict.decision_id) as command:
            assert command.wait(PATIENCE_SECONDS) == 0, command.stdout and command.stdout.read()
        ended = until(lambda: result(stream, verdict.decision_id), "its end")
    assert champions(stream) == [1, 2]
    assert ended.status == "done"
    assert ended.reason.endswith(verdict.reason), "what spoke for it"


def challenger(stream: Stream, sender: Sender, world: World, *, good: bool) -> None:
    """A version that is as good as the champion, or knows nothing, made the canary by hand."""
    events = [sender.event() for _ in range(400)]
    labels = [world.before(*event) if good else i % 2 for i, event in enumerate(events)]
    promote(stream.settings, training.train(stream.settings, events, labels), {"rows": 400}, "by hand, tried")


@pytest.mark.parametrize(
    ("good", "expected"),
    [(True, {("promote", "done"), ("reject", "inconclusive")}), (False, {("reject", "done")})],
    ids=["as good", "bad"],
)
def test_a_canary_by_hand_is_judged(
    kafka: Kafka, tmp_path: Path, *, good: bool, expected: set[tuple[str, str]]
) -> None:
    stream = Stream(kafka, tmp_path, TRIED + WORLD.classes)
    sender = Sender(stream, WORLD)
    challenger(stream, sender, WORLD, good=good)
    train(stream, sender, WORLD.before)
    canary = Canary(version=1, share=0.3)
    on_trial = Roles(epoch=3, ts=0, champion=2, canary=canary, shadows=(2, 1), decision_id="by hand")
    stream.put(topics.roles_key(3), on_trial.encoded())
    stream.put(topics.ROLES_KEY, on_trial.encoded())
    with threads(stream):
        for _ in range(20):
            sender.send(50, WORLD.before)
        [verdict] = until(lambda: verdicts(stream) or None, "a verdict")
        found = until(lambda: result(stream, verdict.decision_id), "its result")
    assert (verdict.action, found.status) in expected, verdict.reason
    assert list(stream.records(topics.DRIFT)) == []
