"""What `watch` prints of each record, and what it leaves out."""

import json
import re
from typing import Any

import pytest
from samples import Record

from console.telling import LONGEST_LINE, Telling
from console.words import clock, figure, moment, percent, span
from events import topics
from events.internal import Process
from events.records import (
    Canary,
    Decision,
    DecisionResult,
    Drift,
    Manifest,
    Metric,
    Roles,
    Segment,
    Worker,
)

TS = 1_700_000_000_000
WINDOW = 1_699_999_200_000
WIDTH = 110
METRIC = Metric(
    model_version=7, role="champion", from_ts=WINDOW, to_ts=WINDOW + 43_200_000, final=True, predictions=1000,
    labelled=800, expired=200, coverage=0.8, error=0.05, error_low=0.04, error_high=0.24,
    values={"accuracy": 0.95, "f1": 0.85}, label_delay_p50_ms=1000, label_delay_p99_ms=9000, segment=None,
)  # fmt: skip


class Arrived(Record):
    """A record with the headers that the client gives."""

    pairs: tuple[tuple[str, bytes], ...] = ()

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.pairs)


def record(topic: topics.Topic, key: str, value: Any) -> Arrived:
    data = value.encoded() if hasattr(value, "encoded") else value
    return Arrived(data, name=key.encode(), of=topic.of("payments"), at=4, part=2, ts=TS)


def telling(**options: bool) -> Telling:
    return Telling("payments", **options)


def line(message: Any, **options: bool) -> str | None:
    found = telling(**options).line(message, 0.0)
    return None if found is None else re.sub(r"\x1b\[[0-9;]*m", "", found)


def changed(record: Any, **changes: Any) -> Any:
    return record.model_copy(update=changes)


def test_a_final_window_is_one_line_of_figures() -> None:
    assert line(record(topics.METRICS, "7", METRIC)) == (
        "22:13:20 window  v7 champion 11-14 22:00 n 1,000 cov 80%   "
        "err 0.050 [0.040, 0.240] f1 0.850 delay 1s/9s"
    )


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"segment": Segment(feature="country", value="NO")}, "f1 0.850 country=NO"),
        (
            {"error": 1234.5, "error_low": None, "error_high": None, "values": {"mae": 3.0, "rmse": 35.14}},
            "err 1234 rmse 35.14 delay 1s/9s",
        ),
        (
            {"error": None, "error_low": None, "error_high": None, "values": {"f1": None}, "coverage": 0.0,
             "label_delay_p50_ms": None, "label_delay_p99_ms": None},
            "cov 0%    err - f1 - no labels",
        ),
    ],
    ids=["segment", "regression", "no labels"],
)  # fmt: skip
def test_the_end_of_a_window_s_line(changes: dict[str, Any], end: str) -> None:
    found = line(record(topics.METRICS, "7", changed(METRIC, **changes)))
    assert found is not None
    assert found.endswith(end)


def test_a_window_s_line_fits_a_terminal() -> None:
    many = {"model_version": 112, "predictions": 99_999, "coverage": 0.997, "label_delay_p50_ms": 90_000_000}
    for segment in (None, Segment(feature="country", value="NO")):
        found = line(record(topics.METRICS, "112", changed(METRIC, segment=segment, **many)))
        assert found is not None
        assert len(found) <= WIDTH


def test_running_figures_come_when_asked_for() -> None:
    running = record(topics.METRICS, "7", changed(METRIC, final=False))
    assert line(running) is None
    assert line(running, as_json=True) is None
    assert (line(running, running=True) or "")[9:].startswith("running v7 champion")
    assert (line(record(topics.METRICS, "7", METRIC), running=True) or "")[9:].startswith("window ")


ALARM = Drift(
    alarm_id="a-1", ts=TS, kind="error", detector="e-sr", model_version=7, feature=None, evidence=10431.0,
    threshold=10000.0, from_ts=0, to_ts=1, change_ts=WINDOW, guarantee="…", message="the error rose",
)  # fmt: skip
RUNG = "drift   error alarm on v7: the error rose (e-sr, evidence 10,431 of 10,000; change about 11-14 22:00)"
ASKED = Decision(
    decision_id="d-1", ts=TS, action="rollback", model_version=7, target_version=6, requested_by="operator",
    reason="it is worse", alarm_id=None, evidence={},
)  # fmt: skip
MANIFEST = Manifest(
    version=8, created_ts=TS, artifact_sha256="0" * 64, format="skops", estimator="a tree",
    schema_sha256="0" * 64, trained_on={}, params={}, metrics={"error": 0.125}, parent_version=7,
    decision_id="d-1", environment={},
)  # fmt: skip
ROLES = Roles(
    epoch=12, ts=TS, champion=8, canary=Canary(version=9, share=0.1), shadows=(7,), decision_id="d-1"
)
RESULT = DecisionResult(status="done", reason="it passed", version=8, epoch=12, ts=TS)


@pytest.mark.parametrize(
    ("topic", "key", "value", "text"),
    [
        (topics.DRIFT, "e-sr", ALARM, RUNG),
        (topics.CONTROL, "d-1", ASKED, "asked   rollback of v7 to v6 by operator: it is worse (d-1)"),
        (topics.MODELS, "version/8", MANIFEST, "version v8 a tree, error 0.125, after v7 (d-1)"),
        (topics.MODELS, "decision/d-1", RESULT, "result  done → v8: it passed (d-1)"),
        (topics.MODELS, "roles", ROLES,
         "roles   v8 is champion, canary v9 with 10%, shadow v7, epoch 12 (d-1)"),
    ],
    ids=["drift", "control", "version", "decision", "roles"],
)  # fmt: skip
def test_what_happens_is_said_in_words(topic: topics.Topic, key: str, value: Any, text: str) -> None:
    assert line(record(topic, key, value)) == f"22:13:20 {text}"


def test_the_copy_of_roles_under_its_epoch_is_left_out() -> None:
    assert line(record(topics.MODELS, "roles/12", ROLES)) is None


@pytest.mark.parametrize(
    ("topic", "key", "value"),
    [
        (topics.METRICS, "7", b"{"),
        (topics.MODELS, "roles", b"[1]"),
        (topics.MODELS, "else", b"{}"),
        (topics.CONTROL, "d-1", None),
        (topics.PREDICTIONS, "a1", b'{"event_id":"a1"}'),
    ],
)
def test_any_other_record_is_printed_as_it_is(topic: topics.Topic, key: str, value: bytes | None) -> None:
    shown = "null" if value is None else value.decode()
    assert line(record(topic, key, value)) == f"22:13:20 payments.{topic.name}[2]@4 {key} {shown}"


def test_a_long_record_is_cut_unless_whole() -> None:
    letter = record(topics.DEAD_LETTERS, "k", b"\xff" + b"x" * 1000)
    letter.pairs = (("reason", b"not-json"),)
    cut = line(letter)
    assert cut is not None
    assert cut.startswith("22:13:20 payments.dead-letters[2]@4 k reason=not-json \\xffxxx")
    assert cut.endswith("x…")
    assert len(cut) < LONGEST_LINE + 100
    assert (line(letter, whole=True) or "").endswith("x" * 1000)


def test_json_has_the_record_on_one_line_with_its_numbers_as_they_are() -> None:
    message = record(topics.OUTCOMES, "a1", b'{\n "loss": 1.50,\n "n": 12345678901234567890123}')
    found = line(message, as_json=True)
    assert found == (
        '{"topic":"outcomes","partition":2,"offset":4,"ts":1700000000000,"key":"a1",'
        '"value":{"loss":1.50,"n":12345678901234567890123}}'
    )


@pytest.mark.parametrize(("value", "shown"), [(None, None), (b"{", "{"), (b"\xff", "\\xff"), (b"", "")])
def test_json_has_a_value_that_is_none_as_text(value: bytes | None, shown: str | None) -> None:
    letter = record(topics.DEAD_LETTERS, "k", value)
    letter.pairs = (("reason", b"not-json"),)
    found = json.loads(line(letter, as_json=True) or "")
    assert (found["value"], found["headers"]) == (shown, {"reason": "not-json"})


def worker(**changes: Any) -> Arrived:
    serving = {"worker": "scorer-0", "ts": TS, "epoch": 3, "champion": 7, "canary": None, "shadows": (),
               "error": None, "offsets": {}, "process": "host:1"}  # fmt: skip
    return record(topics.WORKERS, "scorer-0", Worker(**{**serving, **changes}))


def process(**changes: Any) -> Arrived:
    return record(
        topics.SERVICES,
        "monitor-1",
        Process(**{"worker": "monitor-1", "process": "host:2", "ts": TS, **changes}),
    )


def said(*messages: Arrived, **options: bool) -> list[str | None]:
    told = telling(**options)
    found = [told.line(message, float(at)) for at, message in enumerate(messages)]
    return [
        None if text is None else re.sub(r"\x1b\[[0-9;]*m", "", text).partition("worker  ")[2]
        for text in found
    ]


def test_a_slot_is_told_of_when_it_says_something_else() -> None:
    waiting = worker(epoch=None, champion=None, error="no version yet")
    beats = (waiting, waiting, worker(), worker(offsets={"0": 5}), worker(process="host:9"))
    assert said(*beats, worker(process="host:9", shadows=(6,))) == [
        "scorer-0 waiting: no version yet",
        None,
        "scorer-0 serving v7 of epoch 3",
        None,
        "scorer-0 serving v7 of epoch 3, another process",
        "scorer-0 serving v7 of epoch 3, shadow v6",
    ]


def test_a_process_is_told_of_from_its_beginning_to_its_end() -> None:
    gone = record(topics.SERVICES, "monitor-1", None)
    beats = (process(), process(detail="standing by"), process(error="it broke"), gone, process())
    assert said(*beats) == [
        "monitor-1 running",
        "monitor-1 standing by",
        "monitor-1 failed: it broke",
        "monitor-1 ended",
        "monitor-1 running",
    ]


def test_repeats_are_left_out_of_json_too() -> None:
    told = telling(as_json=True)
    assert [told.line(worker(), at) is None for at in (0.0, 5.0)] == [False, True]


def test_a_slot_that_falls_silent_is_told_of_once() -> None:
    told = telling()
    for message in (worker(), process(error="it broke")):
        told.line(message, 0.0)
    assert told.gone(TS, 29.0) == []
    [text] = told.gone(TS, 31.0)
    assert "scorer-0 gone: not heard of for 30 s" in text
    assert told.gone(TS, 99.0) == []
    assert "scorer-0 serving" in (told.line(worker(), 100.0) or "")
    told.line(record(topics.WORKERS, "scorer-0", None), 101.0)
    assert told.gone(TS, 999.0) == [], "one that ended well owes nothing"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0ms"), (850, "850ms"), (1_000, "1s"), (1_500, "1.5s"), (90_000, "90s"), (119_999, "120s"),
        (120_000, "2m"), (600_000, "10m"), (86_400_000, "24h"), (259_200_000, "3d"),
    ],
)  # fmt: skip
def test_a_span(ms: int, text: str) -> None:
    assert span(ms) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "-"),
        (0, "0%"),
        (0.0001, ">0%"),
        (0.8, "80%"),
        (0.917, "91.7%"),
        (0.99999, "<100%"),
        (1.0, "100%"),
    ],
)
def test_a_share_is_all_or_nothing_only_where_it_is(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0.000"),
        (0.05, "0.050"),
        (1.0, "1.000"),
        (12.345, "12.35"),
        (12_345_678, "1.235e+07"),
    ],
)
def test_a_figure(value: float | None, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (1_704_024_000_000, "12-31 12:00"),
        (1_704_024_005_000, "12-31 12:00:05"),
        (1_704_024_000_030, "12-31 12:00:00.030"),
        (-1, "12-31 23:59:59.999"),
        (2**62, str(2**62)),
    ],
)
def test_a_moment(ms: int, text: str) -> None:
    assert moment(ms) == text


def test_a_clock() -> None:
    assert clock(1_700_000_000_999) == "22:13:20"
