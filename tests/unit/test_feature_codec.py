import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict
from samples import settings

from events.feature_codec import Event, FeatureCodec
from events.refusals import MAX_DETAIL_BYTES, Reason, RefusalError

NOW = 1_700_000_000_000
GOOD: dict[str, Any] = {"amount": 12.5, "country": "NO", "history": [0.1, 2]}


def codec() -> FeatureCodec:
    stream = settings()
    return FeatureCodec(stream.features, stream.limits)


def event(features: object = GOOD, **fields: object) -> bytes:
    return json.dumps({"event_id": "a1", "features": features, **fields}).encode()


def with_text(name: str, text: str) -> bytes:
    return event({**GOOD, name: "@"}).replace(b'"@"', text.encode())


def read(value: bytes | None) -> Event[Any]:
    return codec().decode(value, NOW)


def values(value: bytes) -> dict[str, Any]:
    names = list(settings().features)
    return dict(zip(names, asdict(read(value).features).values(), strict=True))


def refused(value: bytes | None) -> Reason:
    with pytest.raises(RefusalError) as caught:
        read(value)
    assert 0 < len(caught.value.detail.encode()) <= MAX_DETAIL_BYTES
    return caught.value.reason


def test_an_event() -> None:
    assert values(event(ts=NOW)) == {**GOOD, "age": None, "shop": None, "new": None}
    assert read(event(ts=NOW)).ts == NOW
    assert read(event()).ts is None


@pytest.mark.parametrize("ts", [NOW + 300_000, -1, 0])
def test_a_time_within_the_limits(ts: int) -> None:
    assert read(event(ts=ts)).ts == ts


def test_a_number_may_be_whole_but_an_integer_may_not_be_fractional() -> None:
    assert values(with_text("amount", "1"))["amount"] == 1.0
    assert refused(with_text("age", "1.0")) == Reason.WRONG_TYPE


def test_of_a_key_given_twice_the_last_counts() -> None:
    assert values(event().replace(b'"amount": 12.5', b'"amount": "x", "amount": 2'))["amount"] == 2
    assert refused(event().replace(b'"amount": 12.5', b'"amount": 2, "amount": "x"')) == Reason.WRONG_TYPE
    assert read(event().replace(b'"event_id": "a1"', b'"event_id": 5, "event_id": "b"')).event_id == "b"


def test_names_that_the_schema_lacks_are_ignored_and_counted() -> None:
    reading = codec()
    reading.decode(event({**GOOD, "new-one": [1], "other": {"a": 1}}), NOW)
    reading.decode(event().replace(b'"amount": 12.5', b'"amount": "x", "amount": 2, "third": 0'), NOW)
    assert reading.ignored_names == 3


def test_other_top_level_fields_are_ignored() -> None:
    assert values(event(unknown={"deep": [[]]}, label=1))["amount"] == 12.5


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("amount", '"1.5"', Reason.WRONG_TYPE),
        ("amount", "true", Reason.WRONG_TYPE),
        ("amount", "[1]", Reason.WRONG_TYPE),
        ("amount", "null", Reason.MISSING_FIELD),
        ("amount", "NaN", Reason.NOT_FINITE),
        ("amount", "Infinity", Reason.NOT_FINITE),
        ("amount", "-Infinity", Reason.NOT_FINITE),
        ("amount", "1e999", Reason.NOT_FINITE),
        ("amount", "1" + "0" * 400, Reason.NOT_FINITE),
        ("amount", "01", Reason.NOT_JSON),
        ("amount", "1,", Reason.NOT_JSON),
        ("age", '"1"', Reason.WRONG_TYPE),
        ("age", "true", Reason.WRONG_TYPE),
        ("age", "9223372036854775808", Reason.WRONG_TYPE),
        ("country", '"DK"', Reason.UNKNOWN_CATEGORY),
        ("country", "1", Reason.WRONG_TYPE),
        ("shop", '"' + "ø" * 129 + '"', Reason.UNKNOWN_CATEGORY),
        ("shop", "false", Reason.WRONG_TYPE),
        ("new", "1", Reason.WRONG_TYPE),
        ("new", '"true"', Reason.WRONG_TYPE),
        ("history", "[1]", Reason.WRONG_TYPE),
        ("history", "[1, 2, 3]", Reason.WRONG_TYPE),
        ("history", "[1, null]", Reason.WRONG_TYPE),
        ("history", '[1, "2"]', Reason.WRONG_TYPE),
        ("history", "[1, NaN]", Reason.NOT_FINITE),
        ("history", "1", Reason.WRONG_TYPE),
    ],
)
def test_a_bad_feature_is_refused_by_name(name: str, text: str, reason: Reason) -> None:
    assert refused(with_text(name, text)) == reason


@pytest.mark.parametrize("length", [64, 65, 256])
def test_a_category_of_up_to_256_bytes(length: int) -> None:
    assert values(with_text("shop", f'"{"x" * length}"'))["shop"] == "x" * length
    assert values(with_text("shop", f'"{"ø" * (length // 2)}"'))["shop"] == "ø" * (length // 2)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b"\xef\xbb\xbf" + event(), Reason.NOT_JSON),
        (event() + b" x", Reason.NOT_JSON),
        (b"[" * 50_000, Reason.NOT_JSON),
        (event(note="@").replace(b'"@"', b"[" * 20_000 + b"]" * 20_000), Reason.NOT_JSON),
        (event(note="@").replace(b"@", b"\\ud800"), Reason.NOT_JSON),
        (event(note="@").replace(b'"@"', b"NaN"), Reason.NOT_FINITE),
        (event(note="@").replace(b"@", b"\xff"), Reason.NOT_UTF8),
        (b"\xff\xfe", Reason.NOT_UTF8),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b'"a"', Reason.NOT_AN_OBJECT),
        (b"null", Reason.NOT_AN_OBJECT),
        (b'{"event_id": "a1"}', Reason.MISSING_FIELD),
        (b'{"features": {}}', Reason.MISSING_FIELD),
        (event({"amount": 1}), Reason.MISSING_FIELD),
        (event([]), Reason.WRONG_TYPE),
        (event(event_id=5), Reason.WRONG_TYPE),
        (event(event_id=""), Reason.BAD_EVENT_ID),
        (event(event_id="a b"), Reason.BAD_EVENT_ID),
        (event(event_id="a\n"), Reason.BAD_EVENT_ID),
        (event(event_id="ø"), Reason.BAD_EVENT_ID),
        (event(event_id="x" * 129), Reason.BAD_EVENT_ID),
        (event(ts="1"), Reason.WRONG_TYPE),
        (event(ts=1.5), Reason.WRONG_TYPE),
        (event(ts=True), Reason.WRONG_TYPE),
        (event(ts=NOW + 300_001), Reason.FUTURE_TS),
        (event(note="x" * 65_536), Reason.TOO_LARGE),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_record_is_refused_by_name(value: bytes | None, reason: Reason) -> None:
    assert refused(value) == reason


def test_an_event_id_of_128_characters() -> None:
    assert read(event(event_id="~" * 128)).event_id == "~" * 128


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NEAR_EVENTS = st.fixed_dictionaries(
    {
        "event_id": st.just("a1") | JSON,
        "features": st.fixed_dictionaries(
            {
                "amount": st.floats() | JSON,
                "country": st.sampled_from(["NO", "DK"]) | JSON,
                "history": st.just([1, 2]) | JSON,
            },
            optional={
                "age": st.integers() | JSON,
                "shop": st.text() | JSON,
                "new": st.booleans() | JSON,
                "x": JSON,
            },
        ),
    },
    optional={"ts": st.integers(-(2**70), 2**70) | JSON},
)


def outcome(read_it: Any, value: bytes) -> object:
    try:
        found = read_it(value)
    except RefusalError as refusal:
        return refusal.reason
    return found.event_id, asdict(found.features), found.ts


@given(NEAR_EVENTS)
def test_the_quick_and_the_careful_reading_agree(fields: dict[str, Any]) -> None:
    reading = codec()
    value = json.dumps(fields).encode()
    assert outcome(reading._read, value) == outcome(reading._read_carefully, value)  # noqa: SLF001 (the two readings)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_event_or_a_refusal(value: bytes) -> None:
    outcome(lambda data: codec().decode(data, NOW), value)
