import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.label_codec import LabelCodec, Labelled
from events.refusals import MAX_DETAIL_BYTES, Reason, RefusalError
from events.settings import Limits

NOW = 1_700_000_000_000
CLASSES = (True, 1, "1", 1.0, "fraud", "")


def codec(classes: tuple[Any, ...] = CLASSES) -> LabelCodec:
    return LabelCodec("classification" if classes else "regression", classes, Limits())


def record(label: str = '"fraud"', **fields: object) -> bytes:
    return json.dumps({"event_id": "a1", "label": "@", **fields}).replace('"@"', label).encode()


def read(value: bytes | None, classes: tuple[Any, ...] = CLASSES) -> Labelled[Any]:
    return codec(classes).decode(value, NOW)


def refused(value: bytes | None, classes: tuple[Any, ...] = CLASSES) -> Reason:
    with pytest.raises(RefusalError) as caught:
        read(value, classes)
    assert 0 < len(caught.value.detail.encode()) <= MAX_DETAIL_BYTES
    return caught.value.reason


def test_a_label() -> None:
    assert read(record(ts=NOW, note={"deep": [1]})) == Labelled("a1", "fraud", NOW)
    assert read(record()).ts is None
    assert read(record(ts=None)).ts is None


@pytest.mark.parametrize("index", range(len(CLASSES)))
def test_a_class_is_known_by_type_and_value(index: int) -> None:
    text = json.dumps(CLASSES[index])
    assert read(record(text)).label is CLASSES[index]
    others = tuple(label for i, label in enumerate(CLASSES) if i != index)
    assert refused(record(text), others) == Reason.UNKNOWN_LABEL


@pytest.mark.parametrize(("text", "number"), [("1", 1.0), ("-2.5", -2.5), ("0", 0.0), ("1e300", 1e300)])
def test_a_regressions_label_is_a_number(text: str, number: float) -> None:
    label = read(record(text), ()).label
    assert label == number
    assert type(label) is float


@pytest.mark.parametrize(
    ("classes", "text", "reason"),
    [
        (CLASSES, '"ok"', Reason.UNKNOWN_LABEL),
        (CLASSES, "false", Reason.UNKNOWN_LABEL),
        (CLASSES, "2", Reason.UNKNOWN_LABEL),
        (CLASSES, "1" + "0" * 400, Reason.UNKNOWN_LABEL),
        (CLASSES, "[1]", Reason.WRONG_TYPE),
        (CLASSES, '{"class": 1}', Reason.WRONG_TYPE),
        (CLASSES, "null", Reason.MISSING_FIELD),
        (CLASSES, "NaN", Reason.NOT_FINITE),
        (CLASSES, "1e999", Reason.NOT_FINITE),
        ((), "true", Reason.WRONG_TYPE),
        ((), '"1"', Reason.WRONG_TYPE),
        ((), "[1]", Reason.WRONG_TYPE),
        ((), "null", Reason.MISSING_FIELD),
        ((), "-Infinity", Reason.NOT_FINITE),
        ((), "1e999", Reason.NOT_FINITE),
        ((), "1" + "0" * 400, Reason.NOT_FINITE),
    ],
)
def test_a_bad_label_is_refused_by_name(classes: tuple[Any, ...], text: str, reason: Reason) -> None:
    assert refused(record(text), classes) == reason


@pytest.mark.parametrize("classes", [CLASSES, ()])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b'{"event_id": "a1"', Reason.NOT_JSON),
        (b"[" * 100_000, Reason.TOO_LARGE),
        (b"[" * 60_000, Reason.NOT_JSON),
        (b'{"event_id": "a1", "label": 1, "note": "\xff"}', Reason.NOT_UTF8),
        (b"[1]", Reason.NOT_AN_OBJECT),
        (b'{"event_id": "a1"}', Reason.MISSING_FIELD),
        (b'{"label": 1}', Reason.MISSING_FIELD),
        (record("1", event_id=5), Reason.WRONG_TYPE),
        (record("1", event_id="a b"), Reason.BAD_EVENT_ID),
        (record("1", ts=1.5), Reason.WRONG_TYPE),
        (record("1", ts=2**63), Reason.WRONG_TYPE),
        (record("1", ts=NOW + 300_001), Reason.FUTURE_TS),
        (record("1", note="x" * 65_536), Reason.TOO_LARGE),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_record_is_refused_by_name(
    value: bytes | None, reason: Reason, classes: tuple[Any, ...]
) -> None:
    assert refused(value, classes) == reason


def test_of_a_key_given_twice_the_last_counts() -> None:
    assert read(b'{"event_id": "a", "label": {}, "label": "fraud"}').label == "fraud"
    assert refused(b'{"event_id": "a", "label": "fraud", "label": {}}') == Reason.WRONG_TYPE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
NEAR_LABELS = st.fixed_dictionaries(
    {"event_id": st.just("a1") | JSON},
    optional={"label": st.sampled_from(CLASSES) | JSON, "ts": st.integers(-(2**70), 2**70) | JSON, "x": JSON},
)


def outcome(read_it: Any, value: bytes) -> object:
    try:
        found = read_it(value)
    except RefusalError as refusal:
        return refusal.reason
    return found.event_id, type(found.label), found.label, found.ts


@given(NEAR_LABELS, st.sampled_from([CLASSES, ()]))
def test_the_quick_and_the_careful_reading_agree(fields: dict[str, Any], classes: tuple[Any, ...]) -> None:
    reading = codec(classes)
    value = json.dumps(fields).encode()
    assert outcome(reading._read, value) == outcome(reading._read_carefully, value)  # noqa: SLF001 (the two readings)


@given(st.binary(max_size=100), st.sampled_from([CLASSES, ()]))
def test_any_bytes_end_in_a_label_or_a_refusal(value: bytes, classes: tuple[Any, ...]) -> None:
    outcome(lambda data: codec(classes).decode(data, NOW), value)
