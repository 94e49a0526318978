import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.schema import Feature
from producers.cells import arrays, booleans, different, lists, reader, texts
from producers.columns import CellError
from producers.numbers import integers, numbers


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_a_double_written_as_text_is_read_back_exactly(values: list[float]) -> None:
    assert numbers(pa.array([repr(value) for value in values], pa.string())) == values


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["1", " 2.5 ", "NaN", "NA", None, "-1e3"]), [1.0, 2.5, None, None, None, -1000.0]),
        (pa.array(["nan", "1"]), [None, 1.0]),
        (pa.array([1, None, 2**60]), [1.0, None, float(2**60)]),
        (pa.array([0.1, math.nan]), [0.1, None]),
        (pa.array([Decimal("1.50")]), [1.5]),
        (pa.array([None, None]), [None, None]),
        (pa.array(["1", "2"]).dictionary_encode(), [1.0, 2.0]),
        (pa.array(["1"], pa.large_string()), [1.0]),
    ],
)
def test_numbers(column: Any, expected: list[float | None]) -> None:
    found = numbers(column)
    assert found == expected
    assert all(value is None or type(value) is float for value in found)


@pytest.mark.parametrize(
    ("column", "position"),
    [
        (pa.array(["1", None, "x", "y"]), 2),
        (pa.array(["1_0"]), 0),
        (pa.array(["0", "1,5"]), 1),
        (pa.array(["1", "1e999"]), 1),
        (pa.array(["inf"]), 0),
        (pa.array([1.0, -math.inf]), 1),
        (pa.array([None, True]), 1),
        (pa.array([[1.0]]), 0),
    ],
)
def test_what_is_no_number_is_pointed_at(column: Any, position: int) -> None:
    with pytest.raises(CellError) as raised:
        numbers(column)
    assert raised.value.position == position


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_the_first_cell_that_is_no_number_is_pointed_at(good: list[bool]) -> None:
    column = pa.array(["1" if is_good else "x" for is_good in good])
    if all(good):
        assert numbers(column) == [1.0] * len(good)
        return
    with pytest.raises(CellError) as raised:
        numbers(column)
    assert raised.value.position == good.index(False)


def test_integers() -> None:
    assert integers(pa.array(["5", "5.0", " 6", "", None])) == [5, 5, 6, None, None]
    assert integers(pa.array([str(2**62 + 1), "NA"])) == [2**62 + 1, None]
    assert integers(pa.array([1.0, math.nan])) == [1, None]
    assert integers(pa.array([2**62 + 1])) == [2**62 + 1]
    for column in (["1", "1.5"], ["1", "1e300"], ["1", "x"], [1.0, 1.5], [None, True]):
        with pytest.raises(CellError) as raised:
            integers(pa.array(column))
        assert raised.value.position == 1


def test_booleans() -> None:
    assert booleans(pa.array(["true", "False", "1", "0", None])) == [True, False, True, False, None]
    assert booleans(pa.array([True, None])) == [True, None]
    assert booleans(pa.array([1, 0])) == [True, False]
    assert booleans(pa.array([1.0, math.nan])) == [True, None]
    with pytest.raises(CellError) as raised:
        booleans(pa.array(["1", "yes"]))
    assert raised.value.position == 1


def test_texts_keep_what_is_written() -> None:
    assert texts(pa.array([" 01", "1.0", None])) == [" 01", "1.0", None]
    assert texts(pa.array([1, None])) == ["1", None]
    assert texts(pa.array([2.5, math.nan])) == ["2.5", None]
    assert texts(pa.array([True])) == ["true"]
    assert different(pa.array(["b", "a", "b", None])) == ["b", "a", None]
    for column in (pa.array([None, [1]]), pa.array([None, b"x"]), pa.array([None, {"a": 1}])):
        with pytest.raises(CellError) as raised:
            texts(column)
        assert raised.value.position == 1


def test_arrays() -> None:
    expected = [[0.1, 2.0], None]
    assert arrays(pa.array(["[0.1, 2]", None]), 2) == expected
    assert arrays(pa.array([[0.1, 2.0], None]), 2) == expected
    assert arrays(pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), 2) == [[1.0, 2.0], None]
    assert lists(pa.array([[9.0], [0.1, 2.0], None]).slice(1)) == expected


@pytest.mark.parametrize(
    "bad",
    ["[1]", "[1, 2, 3]", "[1, null]", '["1", 2]', "1, 2", "[1, 1e999]", [1.0], [1.0, None], [1.0, math.inf]],
)
def test_what_is_no_array_of_that_length_is_pointed_at(bad: Any) -> None:
    good = "[1, 2]" if isinstance(bad, str) else [1.0, 2.0]
    with pytest.raises(CellError) as raised:
        arrays(pa.array([good, bad]), 2)
    assert raised.value.position == 1


def test_a_feature_has_the_reader_of_its_type() -> None:
    column = pa.array(["1"])
    kinds = [("number", 1.0), ("integer", 1), ("boolean", True), ("category", "1")]
    for kind, expected in kinds:
        [value] = reader(Feature(type=kind))(column)  # type: ignore[arg-type]
        assert value == expected
        assert type(value) is type(expected)
    assert reader(Feature(type="number", shape=(1,)))(pa.array(["[1]"])) == [[1.0]]
