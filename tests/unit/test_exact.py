import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st

from models import exact

SMALLEST, LARGEST = 5e-324, sys.float_info.max
EDGES = [0.0, -0.0, 1.0, -1.5, SMALLEST, -SMALLEST, 3 * SMALLEST, sys.float_info.min, 2.0**-540, LARGEST]
FEWER = few(max_examples=40)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(EDGES)


@FEWER
@given(DOUBLES)
def test_every_double_is_a_whole_number_of_units(value: float) -> None:
    assert exact.in_ones(exact.units(value)) == Fraction(value)
    assert exact.real(exact.units(value)) == value


@FEWER
@given(st.lists(DOUBLES | st.floats(0, 1), max_size=20), st.integers(1, 20))
def test_an_array_s_sums_are_the_sums_of_units(values: list[float], times: int) -> None:
    many = values * times  # on both sides of where arrays begin
    assert exact.total(many) == sum(map(exact.units, values)) * times
    assert exact.total_of_squares(many) == sum(exact.units(value) ** 2 for value in values) * times


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, 1 - 2**-53, -(1 - 2**-53), 0.1, SMALLEST])
def test_full_mantissas_do_not_fill_an_array_s_sums(value: float) -> None:
    assert exact.total([value] * 100_000) == exact.units(value) * 100_000
    assert exact.total_of_squares([value] * 100_000) == exact.units(value) ** 2 * 100_000


@FEWER
@given(st.lists(st.floats(-1e9, 1e9), max_size=100))
def test_a_sum_is_rounded_once(values: list[float]) -> None:
    assert exact.real(exact.total(values)) == math.fsum(values)


@FEWER
@given(st.integers(), st.integers())
def test_a_ratio_is_the_nearest_double(numerator: int, denominator: int) -> None:
    expected = float(Fraction(numerator, denominator)) if denominator else None
    assert exact.ratio(numerator, denominator) == expected


def test_beyond_a_double_s_range_stands_the_largest() -> None:
    largest = exact.units(LARGEST)
    assert exact.real(2 * largest) == LARGEST
    assert exact.real(-2 * largest) == -LARGEST
    assert exact.ratio(2 * largest, 2) == exact.LARGEST
    assert exact.ratio(2 * largest, 2 * exact.ONE) == LARGEST


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("times", [1, 200])
def test_what_is_not_finite_has_no_units(value: float, times: int) -> None:
    for total in (exact.total, exact.total_of_squares):
        with pytest.raises((OverflowError, ValueError)):
            total([value] * times)
