"""Whatever a record is, it is taken or refused by name, soon; and what is taken is what was written."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from as_written import NOW, event_is_as_written, label_is_as_written, readings_agree
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict
from poison import AMOUNTS, EVENTS, SETTINGS, TAKEN, TRUTHS, Odd, event, filled, truth
from samples import Record, settings

from events import outcome_codec
from events.dead_letters import dead_letter
from events.feature_codec import FeatureCodec
from events.label_codec import LabelCodec
from events.prediction_codec import Answered, AnswerReader, encode
from events.refusals import MAX_DETAIL_BYTES, Reason, RefusalError
from events.topics import DEAD_LETTER_MAX_BYTES
from models.labelled import newest
from verify.answers import Answers

MOST_TIMES = 1_000
"""A record costs at most so many times what a good one of `max_event_bytes` does, whose note is passed over.

Measured: 27 µs for that one, 7 ms (270 times) for the dearest, an array of decimals that are hard to round.
"""

Decode = Callable[[bytes | None, int, bytes | None], Any]


def events() -> Decode:
    return FeatureCodec(SETTINGS.features, SETTINGS.limits).decode


def labels() -> Decode:
    return LabelCodec(SETTINGS.task, SETTINGS.classes, SETTINGS.limits).decode


def amounts() -> Decode:
    return LabelCodec("regression", (), SETTINGS.limits).decode


CORPORA = (events, EVENTS), (labels, TRUTHS), (amounts, AMOUNTS)


def named(value: object) -> str:
    return value.name if isinstance(value, Odd) else getattr(value, "__name__", "")


def reason(decode: Decode, value: bytes | None, key: bytes | None = None) -> Reason | None:
    try:
        decode(value, NOW, key)
    except RefusalError as refusal:
        found = refusal
    else:
        return TAKEN
    assert 0 < len(found.detail.encode()) <= MAX_DETAIL_BYTES
    return found.reason


@pytest.mark.parametrize(
    ("codec", "odd"), [(codec, odd) for codec, corpus in CORPORA for odd in corpus], ids=named
)
def test_an_odd_record_is_taken_or_refused_by_name(codec: Callable[[], Decode], odd: Odd) -> None:
    assert reason(codec(), odd.value, odd.key) == odd.reason


@pytest.mark.parametrize("odd", [odd for odd in EVENTS if odd.reason is TAKEN], ids=named)
def test_who_reads_an_answer_to_an_odd_event_takes_it_too(odd: Odd) -> None:
    """The joiner, the trainer and `verify`: each has a reader of its own."""
    found = events()(odd.value, NOW, odd.key)
    answered = Answered(found.event_id, "0-1", found.ts or NOW, NOW, 1, "champion", "ok", found.features)
    features = asdict(found.features)
    assert asdict(AnswerReader(SETTINGS.features).read(encode(answered)).features) == features
    assert asdict(Answers(SETTINGS).answer(encode(answered)).features) == features  # type: ignore[union-attr]
    outcome = outcome_codec.matched(encode(answered), "ok", NOW, 0)
    assert newest(SETTINGS, [outcome], 1).rows == [tuple(features.values())]
    assert asdict(Answers(SETTINGS).outcome(outcome).features) == features  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [None, b"", b"{}"])
def test_a_key_too_large_for_dead_letters_is_left_out(value: bytes | None) -> None:
    source = Record(value, name=b"k" * DEAD_LETTER_MAX_BYTES)
    letter = dead_letter("poison.dead-letters", source, RefusalError(Reason.TOO_LARGE, "a key"))
    assert (letter.key, letter.value) == (None, None)
    assert dict(letter.headers)["truncated"] == b"true"


def test_the_corpus_has_no_record_twice() -> None:
    for _, corpus in CORPORA:
        assert len({odd.name for odd in corpus}) == len(corpus)


def seconds(decode: Decode, odd: Odd) -> float:
    """The best of several, as other processes only ever add."""

    def once() -> float:
        began = time.perf_counter()
        reason(decode, odd.value, odd.key)
        return time.perf_counter() - began

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    ("codec", "corpus", "good"), [(events, EVENTS, event(0)), (labels, TRUTHS, truth(0))], ids=named
)
def test_no_record_takes_long(codec: Callable[[], Decode], corpus: list[Odd], good: dict[str, Any]) -> None:
    decode = codec()
    usual = seconds(decode, Odd("full", filled(good, SETTINGS.limits.max_event_bytes), TAKEN))
    dearest = max(corpus, key=lambda odd: seconds(decode, odd))
    assert seconds(decode, dearest) < MOST_TIMES * usual, dearest.name


TOKENS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"-", b"0", b"9", b".", b"e", b"E5", b" ", b"\n",
    b"1e999", b"NaN", b"null", b"true", b"9223372036854775808", b"[[[[", b"\\ud800", b"\\u0000",
    b"\0", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b'"event_id":', b'"features":', b'"amount":', b'"history":', b'"label":', b'"ts":',
]  # fmt: skip
GOOD_EVENTS = event(1, ts=NOW), event(2, note={"a": [1]})
GOOD_LABELS = truth(3, ts=NOW), truth(4, label=2.5)


@st.composite
def mutated(draw: st.DrawFn, good: tuple[dict[str, Any], ...]) -> bytes:
    """A good record to which one to four things were done."""
    value = bytearray(json.dumps(draw(st.sampled_from(good))).encode())
    for _ in range(draw(st.integers(1, 4))):
        at, size = draw(st.integers(0, len(value))), draw(st.integers(0, 12))
        match draw(st.sampled_from(["put", "replace", "cut", "repeat", "flip"])):
            case "put":
                value[at:at] = draw(st.sampled_from(TOKENS))
            case "replace":
                value[at : at + size] = draw(st.sampled_from(TOKENS))
            case "cut":
                del value[at : at + size]
            case "repeat":
                value[at:at] = value[max(0, at - size * 4) : at]
            case "flip" if at < len(value):
                value[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(value)


@given(mutated(GOOD_EVENTS))
def test_an_event_that_is_taken_is_what_was_written(value: bytes) -> None:
    event_is_as_written(value)


@given(mutated(GOOD_LABELS), st.sampled_from(["classification", "regression"]))
def test_a_label_that_is_taken_is_what_was_written(value: bytes, task: Any) -> None:
    label_is_as_written(value, task)


@given(mutated(GOOD_EVENTS))
def test_the_quick_and_the_careful_reading_refuse_alike(value: bytes) -> None:
    readings_agree(value)


def test_a_key_that_is_too_large_is_refused() -> None:
    limits = settings(limits={"max_event_bytes": 1_000}).limits
    decode = LabelCodec("classification", ("ok",), limits).decode
    value = json.dumps(truth(1)).encode()
    assert reason(decode, value, b"k" * 1_000) == TAKEN
    assert reason(decode, value, b"k" * 1_001) == Reason.TOO_LARGE
