import math
import random
from typing import Any

import numpy as np
from answers import answered
from hypothesis import given
from hypothesis import strategies as st
from samples import settings

from events.feature_codec import features_type
from events.schema import Feature
from models.counts import dense
from models.histograms import (
    BUCKETS,
    FINE,
    FINER,
    HASHED,
    MISSING,
    Histograms,
    categorical,
    fine,
    numeric,
    part_of,
    probable,
    within,
)

ZERO = 201
STREAM = settings()
FEATURES = features_type(STREAM.features)
AMOUNT, AGE, COUNTRY, SHOP, NEW, HISTORY = range(6)


def buckets(*numbers: float) -> list[int]:
    return numeric(np.array(numbers, dtype=np.float64)).tolist()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_the_order_of_buckets_is_that_of_numbers(numbers: list[float]) -> None:
    found = buckets(*sorted(numbers))
    assert found == sorted(found)
    assert buckets(*(-number for number in sorted(numbers))) == [2 * ZERO - bucket for bucket in found]
    assert all(1 <= bucket <= 401 for bucket in found)


@given(st.floats(2.0**-20, 2.0**30 - 1), st.floats(1, 2))
def test_numbers_of_a_bucket_are_within_a_quarter_of_each_other(number: float, factor: float) -> None:
    near, far = buckets(number, number * factor)
    assert near > ZERO
    if near == far < 401:
        assert factor < 1.25
    if far > near + 1:
        assert factor > 1.125


def test_numbers() -> None:
    assert buckets(math.nan, 0.0, -0.0, 5e-324) == [MISSING, ZERO, ZERO, ZERO]
    assert buckets(1e-300, 2.0**-20, 1.2 * 2.0**-20, 1.25 * 2.0**-20) == [202, 202, 202, 203]
    assert buckets(1, 1.25, 1.5, 1.75, 2) == [ZERO + 81 + i for i in range(5)]
    assert buckets(2.0**30 - 1, 2.0**30, 1e308) == [401, 401, 401]
    assert buckets(-1, -1e308) == [ZERO - 81, 1]


@given(st.floats(2.0**-20, 2.0**30 - 1), st.booleans())
def test_a_number_lies_in_its_part_of_its_bucket(number: float, negative: bool) -> None:  # noqa: FBT001 (drawn)
    given = -number if negative else number
    [bucket], [part] = buckets(given), fine(np.array([given])).tolist()
    assert FINE <= part < FINE + FINER <= BUCKETS
    low, high = part_of(bucket, part - FINE)
    assert low <= given <= high
    assert high - low <= 2.0**-7 * number * 1.001


def test_the_fine_buckets_alone() -> None:
    stream = settings(features={"x": {"type": "number", "nullable": True}})
    given = [(290.0,), (None,), (291.0,), (1e999,), (16.4,)]
    table = dense(Histograms(stream).rows({0: given})[0], BUCKETS)
    assert {int(b): int(table[b]) for b in np.flatnonzero(table)} == {
        buckets(16)[0]: 1, buckets(290)[0]: 2, MISSING: 2, FINE + 17: 2, FINE + 3: 1,
    }  # fmt: skip
    assert {int(b): int(c) for b, c in enumerate(within(table)) if c} == {MISSING: 2, 1 + 17: 2, 1 + 3: 1}


def test_probabilities() -> None:
    assert probable(np.array([math.nan, 0.0, 0.019, 0.021, 0.5, 0.99, 1.0])).tolist() == [
        0,
        1,
        1,
        2,
        26,
        50,
        50,
    ]


def test_categories() -> None:
    named = Feature(type="category", values=("NO", "SE"))
    assert categorical(named, ["SE", None, "NO", "XX"]) == [2, MISSING, 1, 3]
    words = [str(i) for i in range(1000)]
    for feature in (Feature(type="category"), Feature(type="category", values=tuple(words))):
        assert categorical(feature, ["123456789", None]) == [1 + 0xCBF43926 % HASHED, MISSING]
        assert set(categorical(feature, words)) == set(range(1, HASHED + 1))


def row(**values: Any) -> Any:
    given = {
        "amount": 1.0,
        "age": 3,
        "country": "NO",
        "shop": "x",
        "new": True,
        "history": [0.5, 8.0],
        **values,
    }
    return FEATURES(**{f"f{i}": given[name] for i, name in enumerate(STREAM.features)})


def per_feature(value: bytes) -> dict[int, dict[int, int]]:
    table = dense(value, len(STREAM.features) * BUCKETS).reshape(-1, BUCKETS)
    return {i: {int(b): int(counts[b]) for b in np.flatnonzero(counts)} for i, counts in enumerate(table)}


def test_every_feature_has_its_buckets() -> None:
    rows = [row(), row(amount=-2.0, age=None, shop=None, new=None, history=[0.0, 0.5]), row(new=False)]
    found = Histograms(STREAM).features(
        {"a": [answered(r, "ok") for r in rows], "b": [answered(rows[0], "ok")]}
    )
    one, three, half, eight = buckets(1, 3, 0.5, 8)
    [shop] = categorical(STREAM.features["shop"], ["x"])
    assert per_feature(found["a"]) == {
        AMOUNT: {2 * ZERO - buckets(2)[0]: 1, one: 2, FINE: 3},
        AGE: {MISSING: 1, three: 2, FINE: 2},
        COUNTRY: {1: 3},
        SHOP: {MISSING: 1, shop: 2},
        NEW: {MISSING: 1, ZERO: 1, one: 1},
        HISTORY: {ZERO: 1, half: 3, eight: 2},
    }
    assert per_feature(found["b"])[HISTORY] == {half: 1, eight: 1}


def test_a_missing_array_is_missing_once() -> None:
    stream = settings(features={"history": {"type": "number", "shape": [3], "nullable": True}})
    kind = features_type(stream.features)
    answers = [answered(kind(f0=array), "ok") for array in (None, [1.0, 1.0, 1.0], None)]
    found = Histograms(stream).features({"all": answers})["all"]
    assert dense(found, BUCKETS)[MISSING] == 2
    assert dense(found, BUCKETS)[buckets(1)].tolist() == [3]


def scores(answers: list[Any], **changes: Any) -> dict[int, int]:
    found = dense(Histograms(settings(**changes)).scores({0: answers})[0], BUCKETS)
    return {int(bucket): int(found[bucket]) for bucket in np.flatnonzero(found)}


def test_scores() -> None:
    two = [answered(row(), "ok", {"fraud": p, "ok": 1 - p}) for p in (0.05, 0.06, 1.0)]
    assert scores([*two, answered(row(), "ok"), answered(row(), "ok", {"x": 1.0})]) == {
        3: 1,
        4: 1,
        50: 1,
        MISSING: 2,
    }
    three = [answered(row(), "ok", {"a": 0.2, "b": p, "c": 0.8 - p}) for p in (0.7, 0.1)]
    assert scores([*three, answered(row(), "a")], labels={"classes": ["a", "b", "c"]}) == {36: 2, MISSING: 1}
    numbers = [answered(row(), p) for p in (0.0, 1.0, -1, "fraud")]
    assert scores(numbers, task="regression", labels={}) == {ZERO: 1, ZERO + 81: 1, ZERO - 81: 1, MISSING: 1}


def test_groups_are_counted_apart() -> None:
    chance = random.Random(5)
    answers = [
        (chance.randrange(300), answered(row(amount=chance.gauss(0, 5)), "ok", {"fraud": chance.random()}))
        for _ in range(500)
    ]
    groups: dict[int, list[Any]] = {}
    for group, answer in answers:
        groups.setdefault(group, []).append(answer)
    histograms = Histograms(STREAM)
    for of in (histograms.features, histograms.scores):
        assert of(groups) == {group: of({0: members})[0] for group, members in groups.items()}


def test_no_answers_have_no_histograms() -> None:
    histograms = Histograms(STREAM)
    assert histograms.features({}) == histograms.scores({}) == {}
    assert histograms.scores({1: []}) == {1: b""}
