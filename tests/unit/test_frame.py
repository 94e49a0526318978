import math

import numpy as np
import pytest
from sample_rows import MIXED, NUMBERS, rows
from samples import settings

from events.errors import ScoreloopError
from models.frame import Layout, frame


def test_numbers_come_first_then_categories_each_in_the_schemas_order() -> None:
    layout = Layout(MIXED.features)
    assert layout.numbers == ["amount", "age", "new", "history[0]", "history[1]"]
    assert layout.categories == ["country", "shop"]
    assert list(frame(MIXED.features, rows(MIXED, 3)).columns) == layout.numbers + layout.categories


def test_each_value_is_in_its_column() -> None:
    row = (12.5, 3, "NO", "a shop", True, [0.5, 2])
    made = frame(MIXED.features, [row, (1.0, None, "SE", None, None, None)])
    assert made.iloc[0].to_dict() == {
        "amount": 12.5, "age": 3.0, "new": 1.0, "history[0]": 0.5, "history[1]": 2.0,
        "country": "NO", "shop": "a shop",
    }  # fmt: skip
    assert made["shop"][1] is None
    assert all(math.isnan(made[name][1]) for name in ("age", "new", "history[0]", "history[1]"))
    assert {str(kind) for kind in made[["country", "shop"]].dtypes} == {"object"}


def test_missing_numbers_are_nan_where_all_are_numbers() -> None:
    made = frame(NUMBERS.features, [(1.0, None, 2), (3, 4.0, 5)])
    np.testing.assert_array_equal(made.to_numpy(), [[1, math.nan, 2], [3, 4, 5]])
    assert set(made.dtypes) == {np.dtype("float64")}


def test_only_categories() -> None:
    stream = settings(features={"a": "category", "b": {"type": "category", "nullable": True}})
    assert frame(stream.features, [("x", None)]).to_dict("records") == [{"a": "x", "b": None}]


@pytest.mark.parametrize("stream", [NUMBERS, MIXED])
def test_no_rows_make_an_empty_frame(stream: object) -> None:
    layout = Layout(stream.features)  # type: ignore[attr-defined]
    assert layout.frame([]).shape == (0, len(layout.numbers) + len(layout.categories))


@pytest.mark.parametrize("count", [1, 2, 100])
def test_memory_is_laid_out_alike_whatever_the_number_of_rows(count: int) -> None:
    for stream in (NUMBERS, MIXED):
        numbers = frame(stream.features, rows(stream, count))[Layout(stream.features).numbers]
        assert numbers.take([0] * 64).to_numpy().strides == (8 * numbers.shape[1], 8)


def test_a_row_of_a_wrong_length_is_an_error() -> None:
    for row in ([1.0, 2.0], [1.0, None, 2, 3]):
        with pytest.raises(ValueError, match=r"reshape|inhomogeneous"):
            frame(NUMBERS.features, [row])
    with pytest.raises(ValueError, match="zip"):
        frame(MIXED.features, [(1.0,)])


def test_an_arrays_column_that_is_another_feature_is_an_error() -> None:
    stream = settings(features={"h": {"type": "number", "shape": [2]}, "h[1]": "number"})
    with pytest.raises(ScoreloopError, match="another feature's name"):
        Layout(stream.features)
