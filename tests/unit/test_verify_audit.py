"""The whole audit over hand-written records: the clean stream, and each planted bug turns it red."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from samples import settings
from written import BODY, EVENTS, MINUTE, START, WALL, Story, Written

from events import topics
from events.internal import FINISH_KEY, FINISHED_KEY, Skip
from verify.audit import Audit
from verify.report import Report

ARTIFACT = b"an artefact"


@cache
def clean() -> Story:
    return Story(settings(**BODY), hashlib.sha256(ARTIFACT).hexdigest())


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("registry")
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / hashlib.sha256(ARTIFACT).hexdigest()).write_bytes(ARTIFACT)
    return str(folder)


@pytest.fixture
def story(registry: str) -> Written:
    story = clean().copy()
    url = story.settings.registry.model_copy(update={"url": registry})
    story.settings = story.settings.model_copy(update={"registry": url})
    return story


def audited(story: Written, replay: int | None = 0) -> Report:
    audit = Audit(story.settings, story.cut(), story.read, replay)
    try:
        audit.read()
        return audit.report(story.beginnings(), WALL, lambda _: None)
    finally:
        audit.close()


def test_a_stream_with_every_fate_is_clean_and_counted(story: Written) -> None:
    report = audited(story)
    assert report.findings == []
    assert report.holds
    assert report.not_checked == {}
    labels = report.checked["I4 labels"]
    assert labels.pop("labels") == sum(labels.values()) == report.records["payments.labels"]
    assert all(labels.values()), "each fate of a label is there"
    answers = report.checked["I4 answers"]
    assert answers.pop("answers") == sum(answers.values()) == 2 * EVENTS
    assert all(answers.values()), "some wait"
    assert report.checked["I1"] == {
        "events": EVENTS + 1, "waiting": 0, "predictions": EVENTS, "dead letters": 1
    }  # fmt: skip
    assert report.checked["I4 windows"] == {"compared": 18, "not final yet": 14}


def missing(s: Written) -> str:
    where = s.find(topics.PREDICTIONS, event_id="e-20")
    p, o = map(int, s.remove(topics.PREDICTIONS, where).fields["prediction_id"].split("-"))
    outcome = s.find(topics.OUTCOMES, event_id="e-20", role="champion")
    s.remove(topics.OUTCOMES, outcome)
    return s.place(topics.FEATURES, (p, o))


def dead_lettered(s: Written) -> str:
    p, o = s.find(topics.FEATURES, event_id="e-20")
    rec = s.logs[topics.FEATURES][p][o]
    headers = (("source", s.place(topics.FEATURES, (p, o)).encode()), ("reason", b"scoring-failed"))
    return s.place(topics.DEAD_LETTERS, s.add(topics.DEAD_LETTERS, 0, rec.key_, rec.value_, 50, headers))


def unsourced(s: Written) -> str:
    where = s.find(topics.PREDICTIONS, event_id="e-70")
    return s.change(topics.PREDICTIONS, where, prediction_id="0-9999")


def dropped_when_filed(s: Written) -> str:
    where = s.find(topics.LABELS, event_id="e-20")
    filed = next(
        (p, o) for p, log in enumerate(s.logs[topics.JOINING]) for o, r in enumerate(log) if r.key_ == b"e-20"
    )
    s.remove(topics.JOINING, filed)
    for role in ("champion", "shadow"):
        s.change(topics.OUTCOMES, s.find(topics.OUTCOMES, event_id="e-20", role=role),
                 status="expired", label=None, loss=None)  # fmt: skip
    return s.place(topics.LABELS, where)


def dropped_when_joined(s: Written) -> str:
    s.remove(topics.OUTCOMES, s.find(topics.OUTCOMES, event_id="e-66", role="champion"))
    return s.place(topics.PREDICTIONS, s.find(topics.PREDICTIONS, event_id="e-66"))


def expired_early(s: Written) -> str:
    where = s.find(topics.OUTCOMES, event_id="e-22", role="shadow")
    return s.change(topics.OUTCOMES, where, status="expired", label=None, loss=None, label_ts=None)


def repeat_counted(s: Written) -> str:
    where = s.find(topics.OUTCOMES, event_id="e-25", role="champion")
    return s.change(topics.OUTCOMES, where, label_ts=START + (25 + 8) * MINUTE)


def conflict_won(s: Written) -> str:
    where = s.find(topics.OUTCOMES, event_id="e-27", role="champion")
    rec = s.logs[topics.OUTCOMES][where[0]][where[1]].fields
    other = "fraud" if rec["label"] == "ok" else "ok"
    label_ts = START + (27 + 8) * MINUTE
    return s.change(topics.OUTCOMES, where, label=other, label_ts=label_ts, loss=1 - rec["loss"])


def silent_conflict(s: Written) -> str:
    where = next(
        o for o, r in enumerate(s.logs[topics.DEAD_LETTERS][0])
        if dict(r.headers_)["reason"] == b"conflicting-label" and r.fields["event_id"] == "e-27"
    )  # fmt: skip
    return dict(s.remove(topics.DEAD_LETTERS, (0, where)).headers_)["source"].decode()


def refused_in_silence(s: Written) -> str:
    log = s.logs[topics.DEAD_LETTERS][0]
    where = next(o for o, r in enumerate(log) if dict(r.headers_)["reason"] == b"unknown-label")
    return dict(s.remove(topics.DEAD_LETTERS, (0, where)).headers_)["source"].decode()


def second_prediction(s: Written) -> str:
    """The label goes to the later of two predictions of one event_id, and the first expires."""
    for role in ("champion", "shadow"):
        first = s.find(topics.OUTCOMES, event_id="e-33", role=role, status="matched")
        matched = s.logs[topics.OUTCOMES][first[0]][first[1]].fields
        s.change(topics.OUTCOMES, first, status="expired", label=None, loss=None)
        topic = topics.SHADOWS if role == "shadow" else topics.PREDICTIONS
        answers = [r.fields for log in s.logs[topic] for r in log if r.fields["event_id"] == "e-33"]
        loss = 0 if answers[1]["prediction"] == matched["label"] else 1
        outcome = {**matched, **answers[1], "loss": loss}
        where = s.find(topics.OUTCOMES, prediction_id=answers[1]["prediction_id"], role=role)
        place = s.change(topics.OUTCOMES, where, **outcome)
    return place


def called_orphan(s: Written) -> str:
    where = s.find(topics.LABELS, event_id="e-66")
    rec = s.logs[topics.LABELS][where[0]][where[1]]
    headers = (("source", s.place(topics.LABELS, where).encode()), ("reason", b"orphan-label"))
    s.add(topics.DEAD_LETTERS, 0, rec.key_, rec.value_, 79, headers)
    for role in ("champion", "shadow"):
        s.remove(topics.OUTCOMES, s.find(topics.OUTCOMES, event_id="e-66", role=role))
    return s.place(topics.LABELS, where)


def changed(topic: topics.Topic, name: str, **fields: object) -> Callable[[Written], str]:
    return lambda s: s.change(topic, s.find(topic, event_id=name), **fields)


def figure(name: str, by: float) -> Callable[[Written], str]:
    def plant(s: Written) -> str:
        where = s.find(topics.METRICS, final=True, role="champion")
        metric = s.logs[topics.METRICS][0][where[1]].fields
        if name in metric:
            return s.change(topics.METRICS, where, **{name: metric[name] + by})
        values = {**metric["values"], name: metric["values"][name] + by}
        return s.change(topics.METRICS, where, values=values)

    return plant


def closed_early(s: Written) -> str:
    return s.change(topics.METRICS, s.find(topics.METRICS, final=False, role="shadow"), final=True)


def never_named(s: Written) -> str:
    where = s.find(topics.SHADOWS, event_id="e-70")
    return s.change(topics.SHADOWS, where, model_version=1)


def lower_epoch(s: Written) -> str:
    old = s.logs[topics.MODELS][0][3]
    return s.place(topics.MODELS, s.add(topics.MODELS, 0, old.key_, old.value_))


def acted_twice(s: Written) -> str:
    roles = {**s.logs[topics.MODELS][0][-1].fields, "epoch": 3}
    where = s.add(topics.MODELS, 0, "roles/3", roles)
    s.add(topics.MODELS, 0, "roles", roles)
    return s.place(topics.MODELS, where)


def other_result(s: Written) -> str:
    result = {**s.logs[topics.MODELS][0][5].fields, "status": "rejected"}
    return s.place(topics.MODELS, s.add(topics.MODELS, 0, "decision/d-2", result))


def changed_roles(s: Written) -> str:
    roles = {**s.logs[topics.MODELS][0][2].fields, "champion": 2}
    return s.place(topics.MODELS, s.add(topics.MODELS, 0, "roles/1", roles))


def finished_and_waiting(s: Written) -> str:
    ends = {p: len(log) for p, log in enumerate(s.logs[topics.FEATURES])}
    s.add(topics.SOURCES, 0, FINISH_KEY, {"ts": WALL, "features": ends, "labels": ends})
    s.add(topics.SOURCES, 0, FINISHED_KEY, {"finish": 0})
    return s.place(topics.PREDICTIONS, s.find(topics.PREDICTIONS, event_id="e-63"))


def doubled(topic: topics.Topic, **fields: object) -> Callable[[Written], str]:
    return lambda s: s.again(topic, s.find(topic, **fields))


PLANTED: list[tuple[Callable[[Written], str], str, str]] = [
    (missing, "I1", "neither a prediction nor a dead letter"),
    (dead_lettered, "I1", "both a prediction and a dead letter"),
    (unsourced, "I1", "no record of features"),
    (changed(topics.PREDICTIONS, "e-70", event_id="e-71"), "I1", "no answer as the contract says"),
    (changed(topics.PREDICTIONS, "e-70", ts=START), "I1", "does not repeat its source"),
    (changed(topics.PREDICTIONS, "e-70", features={"amount": 0.5}), "I1", "does not repeat its source"),
    (doubled(topics.PREDICTIONS, event_id="e-70"), "I2", "more than one prediction"),
    (doubled(topics.SHADOWS, event_id="e-70"), "I2", "more than once"),
    (doubled(topics.OUTCOMES, event_id="e-40"), "I2", "more than one outcome"),
    (never_named, "I3", "no roles give it"),
    (changed(topics.OUTCOMES, "e-40", scored_ts=1), "I4", "does not repeat its prediction"),
    (changed(topics.OUTCOMES, "e-40", probabilities={"fraud": 1, "ok": 0}), "I4", "does not repeat its pred"),
    (changed(topics.OUTCOMES, "e-40", model_version=3), "I4", "no prediction or shadow"),
    (changed(topics.OUTCOMES, "e-40", role=None), "I4", "no outcome as the contract says"),
    (changed(topics.OUTCOMES, "e-40", loss=0.5), "I4", "loss is wrong"),
    (changed(topics.OUTCOMES, "e-40", label_ts=START + 99 * MINUTE), "I4", "too late"),
    (changed(topics.OUTCOMES, "e-40", label_ts=START), "I4", "nobody sent"),
    (changed(topics.OUTCOMES, "e-23", loss=0), "I4", "has a label or a loss"),
    (dropped_when_filed, "I4", "not in internal.labels"),
    (dropped_when_joined, "I4", "still waits"),
    (expired_early, "I4", "expired though"),
    (repeat_counted, "I4", "that is not the first"),
    (conflict_won, "I4", "that is not the first"),
    (silent_conflict, "I4", "conflicting label has no dead letter"),
    (refused_in_silence, "I4", "refused label has no dead letter"),
    (second_prediction, "I4", "later of two"),
    (called_orphan, "I4", "called an orphan"),
    (finished_and_waiting, "I4", "a finish, carried out"),
    (closed_early, "I4", "closed early"),
    (figure("labelled", 1), "I4", "final figure is wrong"),
    (figure("error", 1e-6), "I4", "final figure is wrong"),
    (figure("log_loss", 1e-6), "I4", "final figure is wrong"),
    (figure("label_delay_p50_ms", 1), "I4", "final figure is wrong"),
    (lower_epoch, "I5", "epoch does not grow"),
    (changed_roles, "I5", "roles of an epoch were changed"),
    (acted_twice, "I5", "acted on twice"),
    (other_result, "I5", "more than one result"),
]


@pytest.mark.parametrize(("plant", "promise", "words"), PLANTED)
def test_a_planted_bug_is_found(
    story: Written, plant: Callable[[Written], str], promise: str, words: str
) -> None:
    record = plant(story)
    report = audited(story)
    assert not report.holds
    found = [f for f in report.findings if words in f.sentence]
    assert [f.promise for f in found] == [promise], [f.sentence for f in report.findings]
    assert record in [example.record for example in found[0].first]


Progress = tuple[str, int, bool]
"""Of a partition of a source: where it is read to, and whether it is idle."""


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        ([], 0),
        ([("features/0", 0, False)], 1),
        ([("features/0", 0, False), ("labels/{p}", 0, True)], 0),
        ([("features/0", 0, False), ("labels/{p}", 1000, True)], 1),
        ([("finish", 0, False), ("features/0", 0, False)], 1),
    ],
    ids=["nothing is known", "never idle", "idle before its first label", "idle later", "after a finish"],
)
def test_a_label_of_a_burst_is_late_only_where_its_partition_was_idle(
    story: Written, noted: list[Progress], found: int
) -> None:
    for logs in story.logs.values():
        for log in logs:
            log[:] = [replace(rec, at_ms=WALL) for rec in log]
    p, _ = story.find(topics.LABELS, event_id="e-22")
    for key, following, idle in noted:
        story.add(topics.SOURCES, 0, key.format(p=p), {"ts": None, "next": following, "idle": idle})
    expired_early(story)
    report = audited(story)
    assert [f.count for f in report.findings if "expired though" in f.sentence] == [1] * found
    doubtful = [n for what, n in report.not_checked.items() if "can have been read too late" in what]
    assert doubtful == [1] * (1 - found)


@pytest.mark.parametrize(("idle", "found"), [(True, 0), (False, 1)])
def test_a_label_that_its_client_sent_late_was_stamped_before(story: Written, idle: bool, found: int) -> None:  # noqa: FBT001 (a parameter of the test)
    for logs in story.logs.values():
        for log in logs:
            log[:] = [replace(rec, at_ms=WALL + 600_000) for rec in log]
    p, offset = story.find(topics.LABELS, event_id="e-22")
    log = story.logs[topics.LABELS][p]
    log[offset] = replace(log[offset], at_ms=WALL)
    for following, noted, at in ((offset, idle, 60), (offset + 1, False, 600)):
        progress = {"ts": None, "next": following, "idle": noted}
        story.add(topics.SOURCES, 0, f"labels/{p}", progress, at)
    expired_early(story)
    assert [f.count for f in audited(story).findings if "expired though" in f.sentence] == [1] * found


def skip(s: Written, service: str, topic: topics.Topic, partition: int, left: range) -> None:
    record = Skip(
        ts=WALL, service=service, topic=topic.name, partition=partition, from_offset=left.start,
        to_offset=left.stop, begin=0, end=left.stop, by="me@here", reason="a test",
    )  # fmt: skip
    s.add(topics.SKIPS, 0, record.key, record.encoded())


def test_an_event_that_was_skipped_needs_no_answer(story: Written) -> None:
    left = range(len(story.logs[topics.FEATURES][1]), len(story.logs[topics.FEATURES][1]) + 2)
    for i in (900, 901):
        event = {"event_id": f"e-{i}", "ts": START, "features": {"amount": 1.0, "country": None}}
        story.add(topics.FEATURES, 1, b"any", event, 99)
    assert [f.sentence for f in audited(story).findings] == [
        "an event below the scorer's offset has neither a prediction nor a dead letter"
    ]
    skip(story, "scorer", topics.FEATURES, 1, left)
    report = audited(story)
    assert report.findings == []
    [(sentence, number)] = report.not_checked.items()
    assert number == 2
    assert sentence == (
        f"offsets {left[0]} to {left[-1]} of features-1, which me@here had the scorer skip (a test)"
    )


def test_a_label_that_was_skipped_counts_for_nothing(story: Written) -> None:
    before = audited(story).checked["I4 labels"]
    start = len(story.logs[topics.LABELS][2])
    story.add(topics.LABELS, 2, b"any", {"event_id": "e-900", "label": "ok", "ts": START}, 99)
    story.add(topics.LABELS, 2, b"any", b"{", 99)
    sentences = {f.sentence for f in audited(story).findings}
    assert sentences == {
        "a label below the joiner's offset is not in internal.labels: it was dropped",
        "a refused label has no dead letter: it was dropped",
    }
    skip(story, "joiner", topics.LABELS, 2, range(start, start + 2))
    report = audited(story)
    assert (report.findings, report.checked["I4 labels"]) == ([], before)


def test_what_was_read_before_a_skip_is_checked_all_the_same(story: Written) -> None:
    place = dead_lettered(story)
    skip(story, "scorer", topics.FEATURES, 0, range(len(story.logs[topics.FEATURES][0])))
    assert place in [example.record for f in audited(story).findings for example in f.first]
