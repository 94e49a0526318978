import json
from typing import Any

import msgspec
import pytest
from answers import answered
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, astuple
from samples import settings

from events.feature_codec import FeatureCodec
from events.prediction_codec import Answered, AnswerReader, encode
from events.records import Prediction
from events.refusals import Reason, RefusalError
from events.settings import Limits

STREAM = settings()
CODEC = FeatureCodec(STREAM.features, Limits())
READER = AnswerReader(STREAM.features)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
ROWS = st.fixed_dictionaries(
    {
        "amount": NUMBERS,
        "country": st.sampled_from(["NO", "SE"]),
        "history": st.lists(NUMBERS, min_size=2, max_size=2),
    },
    optional={
        "age": st.none() | st.integers(-(2**63), 2**63 - 1),
        "shop": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=64),
        "new": st.none() | st.booleans(),
    },
)
CLASSES = st.sampled_from([True, 1, 1.0, "1", "fraud", 2**70])
PROBABILITIES = st.none() | st.dictionaries(st.sampled_from(["fraud", "ok"]), st.floats(0, 1))


def scored(row: dict[str, Any], prediction: Any = "ok", probabilities: Any = None) -> Answered:
    """As the scorer makes it, from an event as it is read."""
    event = CODEC.decode(json.dumps({"event_id": "a1", "features": row}).encode(), 0)
    return answered(event.features, prediction, probabilities)


def in_full(answer: Answered) -> dict[str, Any]:
    return {**asdict(answer), "features": [(type(value), value) for value in astuple(answer.features)]}


@given(ROWS, CLASSES | st.floats(allow_nan=False, allow_infinity=False), PROBABILITIES)
def test_what_is_written_is_read(row: Any, prediction: Any, probabilities: Any) -> None:
    answer = scored(row, prediction, probabilities)
    found = READER.read(encode(answer))
    assert in_full(found) == in_full(answer)
    assert type(found.prediction) is type(prediction)
    assert json.loads(encode(found)) == json.loads(encode(answer))


ROW: dict[str, Any] = {"amount": 12, "country": "NO", "history": [0.1, 0.2]}


@pytest.mark.parametrize("shop", ["x" * 256, "é" * 128, "𝄞" * 64])
def test_the_longest_category_is_read(shop: str) -> None:
    assert astuple(READER.read(encode(scored({**ROW, "shop": shop}))).features)[3] == shop


def fields(**changes: Any) -> bytes:
    return msgspec.json.encode({**json.loads(encode(scored(ROW))), **changes})


def test_a_record_of_the_contract_is_read() -> None:
    features = {**ROW, "more": 1}
    value = fields(more={"a": [1]}, features=features, probabilities={"fraud": 1, "ok": 0})
    assert READER.read(value).probabilities == {"fraud": 1.0, "ok": 0.0}
    assert Prediction.found(value) is not None
    once_allowed = READER.read(fields(features={**ROW, "country": "XX"}))
    assert astuple(once_allowed.features)[2] == "XX"


@pytest.mark.parametrize(
    ("value", "reason", "sentence"),
    [
        (b"", Reason.NOT_JSON, ""),
        (b"{", Reason.NOT_JSON, ""),
        (b"\xff", Reason.NOT_JSON, ""),
        (b"[]", Reason.WRONG_TYPE, "Expected `object`, got `array`"),
        (b"{}", Reason.WRONG_TYPE, "missing required field `event_id`"),
        (fields(ts=2**63), Reason.WRONG_TYPE, "$.ts"),
        (fields(model_version="7"), Reason.WRONG_TYPE, "$.model_version"),
        (fields(role="judge"), Reason.WRONG_TYPE, "$.role"),
        (fields(prediction=[1]), Reason.WRONG_TYPE, "$.prediction"),
        (fields(probabilities=[1]), Reason.WRONG_TYPE, "$.probabilities"),
        (fields(features={"amount": 1.0}), Reason.WRONG_TYPE, "`country` - at `$.features`"),
        (fields(features={**ROW, "history": 1}), Reason.WRONG_TYPE, "$.features.history"),
        (fields(event_id="a").replace(b'"a"', b'"\xff"'), Reason.NOT_UTF8, "utf-8"),
    ],
)
def test_what_is_no_answer_is_refused(value: bytes, reason: Reason, sentence: str) -> None:
    with pytest.raises(RefusalError) as raised:
        READER.read(value)
    assert raised.value.reason == reason
    assert sentence in raised.value.detail
