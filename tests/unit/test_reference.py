"""What a manifest keeps of the rows that a version learned from."""

import json
import math
import random
from typing import Any

import numpy as np
import pytest
from sample_rows import MIXED, rows
from samples import settings

from models.counts import dense
from models.histograms import BUCKETS, MISSING, Histograms, least, numeric
from models.reference import Reference, reference
from models.shapes import BINS, FIRST, OUTSIDE, Bin, Part, Shape, fullest, share

NAMES = list(MIXED.features)


def tables(given: list[Any]) -> dict[str, Any]:
    found = dense(Histograms(MIXED).rows({0: given})[0], len(NAMES) * BUCKETS).reshape(-1, BUCKETS)
    return dict(zip(NAMES, found, strict=True))


def numbers(*values: float | None) -> Shape:
    stream = settings(features={"x": {"type": "number", "nullable": True}})
    return reference(stream, [(value,) for value in values]).features["x"]


def test_it_is_small_json_and_comes_back_from_a_manifest() -> None:
    found = reference(MIXED, rows(MIXED, 400))
    text = json.dumps(found.stated(), separators=(",", ":"))
    assert len(text) < 3_000
    assert Reference.found(json.loads(text)) == found


NO_SHAPES = [
    {}, {"missing": 0, "bins": [[0, 1, 5]]}, {"missing": 0, "bins": [[1, 513, 5]]},
    {"missing": 0, "bins": [[1, 2, -5]]}, {"missing": -1, "bins": []}, {"missing": 0, "bins": [], "each": 0},
]  # fmt: skip


@pytest.mark.parametrize(
    "stated", [None, {}, {"features": 1}, "no", [], *({"features": {"x": shape}} for shape in NO_SHAPES)]
)
def test_what_is_no_reference_is_none(stated: object) -> None:
    assert Reference.found(stated) is None


def test_its_own_rows_are_in_its_own_bins() -> None:
    given = rows(MIXED, 300)
    found, own = reference(MIXED, given), tables(given)
    for name, shape in found.features.items():
        assert shape.table().tolist() == shape.table_of(own[name]).tolist()
        assert shape.table().sum() == 300, "an array is one row"
    assert found.features["history"].each == 2
    missing = sum(row[1] is None for row in given)
    assert (missing, found.features["age"].missing) == (found.features["age"].table()[MISSING], missing)


def test_a_number_has_ten_bins_of_as_many_rows_without_gaps() -> None:
    chance = random.Random(1)
    shape = numbers(*(chance.lognormvariate(0, 3) for _ in range(1_000)))
    assert len(shape.bins) == BINS
    assert all(80 <= one.count <= 120 for one in shape.bins)
    assert [one.end for one in shape.bins[:-1]] == [one.start for one in shape.bins[1:]]


def test_where_a_narrow_number_lies_in_its_bucket_is_kept_and_of_others_it_is_not() -> None:
    chance, stream = random.Random(1), settings(features={"narrow": "number", "wide": "number"})
    given = [(chance.gauss(290, 10), chance.gauss(0, 1)) for _ in range(400)]
    found = reference(stream, given)
    assert set(found.fine) == {"narrow"}
    assert len(found.features["narrow"].bins) == 1
    assert 20 <= len(found.fine["narrow"].bins) <= 32
    assert found.fine["narrow"].table().sum() == 400
    assert Reference.found(json.loads(json.dumps(found.stated()))) == found
    assert "fine" not in reference(stream, [(x, x) for _, x in given]).stated()


def test_few_values_have_few_bins_and_nothing_has_none() -> None:
    zero, one, eight = numeric(np.array([0.0, 1.0, 8.0])).tolist()
    assert numbers(0.0, 1.0, 1.0, 8.0, None).bins == [
        Bin(zero, one, 1), Bin(one, eight, 2), Bin(eight, eight + 1, 1),
    ]  # fmt: skip
    empty = numbers(None, None)
    assert (empty.missing, empty.bins, empty.table().tolist()) == (2, [], [2, 0])


def test_a_category_s_values_stand_alone_and_what_was_never_seen_is_outside() -> None:
    stream = settings(features={"c": {"type": "category", "values": ["a", "b", "c"]}})
    shape = reference(stream, [("a",), ("c",), ("a",)]).features["c"]
    assert shape.bins == [Bin(1, 2, 2), Bin(3, 4, 1)]
    window = np.zeros(BUCKETS, dtype=np.int64)
    window[[0, 1, 2, 3, 4]] = 1, 2, 3, 4, 5
    assert shape.table_of(window).tolist() == [1, 8, 2, 4], "missing, outside, a, c"


def test_how_far_parts_lie_apart() -> None:
    calm = numbers(*(math.sin(i * 1.7) for i in range(400)))
    days = numbers(*(math.sin(i * 1.7) + i // 100 for i in range(400)))
    assert [part.rows for part in calm.parts] == [100, 50]
    assert calm.parts[0].distance < 0.1
    assert days.parts[0].distance > 0.6
    assert days.parts[0].outside > 0.1
    assert Shape(0, [], parts=calm.parts).part(250) == calm.parts[0]
    assert calm.part(150) == calm.part(1) == calm.parts[1]
    assert numbers(1.0, 2.0).part(500) == Part(0, 0, 0, 0, 0), "too few rows for parts"


def test_a_part_s_missing_and_stuck_values_are_known() -> None:
    [quarters, eighths] = numbers(*[1.0] * 50, *[None] * 50, *(float(i) for i in range(300))).parts
    assert (quarters.missing, eighths.missing) == (0.5, 1)
    assert (quarters.alone, eighths.alone) == (1, 1)


def test_shares() -> None:
    table = np.array([1.0, 0, 3])
    assert (share(table, MISSING), share(table, OUTSIDE), share(table, FIRST)) == (0.25, 0, 0.75)
    assert share(np.zeros(3), MISSING) == 0
    assert (fullest(np.array([9, 3, 1])), fullest(np.array([9, 0]))) == (0.75, 0)


def test_the_lower_end_of_a_bucket() -> None:
    for bucket in (2, 150, 200, 203, 282, 401):
        inside = least(bucket) + (least(bucket + 1) - least(bucket)) / 2
        assert numeric(np.array([inside])).tolist() == [bucket]
    assert (least(201), least(282), least(283), least(120)) == (0, 1, 1.25, -1.25)
