import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import exact

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
EDGES = [0.0, -0.0, 1.0, -1.5, 5e-324, -5e-324, 2.0**-148, 2.0**-201, 3 * 2.0**-201, sys.float_info.max]
UNIT = Fraction(1, 2**200)


@given(DOUBLES | st.sampled_from(EDGES))
def test_units_are_the_nearest(value: float) -> None:
    error = abs(exact.in_ones(exact.units(value)) - Fraction(value))
    assert error <= UNIT / 2
    if abs(value) >= 2.0**-148:
        assert error == 0
        assert exact.real(exact.units(value)) == value


def test_a_tie_goes_to_the_even_unit() -> None:
    assert [exact.units(k * 2.0**-201) for k in (1, 3, -1, -3)] == [0, 2, 0, -2]


@given(st.lists(DOUBLES | st.floats(0, 1) | st.sampled_from(EDGES), max_size=20), st.integers(1, 40))
def test_an_array_s_sum_is_the_sum_of_units(values: list[float], times: int) -> None:
    many = values * times  # on both sides of where arrays begin
    assert exact.total(many) == sum(map(exact.units, values)) * times


@pytest.mark.parametrize("value", [sys.float_info.max, -sys.float_info.max, 1 - 2**-53, -(1 - 2**-53), 0.1])
def test_full_mantissas_do_not_fill_an_array_s_sums(value: float) -> None:
    assert exact.total([value] * 100_000) == exact.units(value) * 100_000


@given(st.lists(st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-40), max_size=300))
def test_a_sum_is_rounded_once(values: list[float]) -> None:
    assert exact.real(exact.total(values)) == math.fsum(values)


@given(st.integers(), st.integers())
def test_a_ratio_is_the_nearest_double(numerator: int, denominator: int) -> None:
    expected = float(Fraction(numerator, denominator)) if denominator else None
    assert exact.ratio(numerator, denominator) == expected


def test_beyond_a_double_s_range_stands_the_largest() -> None:
    largest = exact.units(sys.float_info.max)
    assert exact.real(2 * largest) == sys.float_info.max
    assert exact.real(-2 * largest) == -sys.float_info.max
    assert exact.ratio(2 * largest, 2) == exact.LARGEST
    assert exact.ratio(2 * largest, 2 * exact.ONE) == sys.float_info.max


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("times", [1, 200])
def test_what_is_not_finite_has_no_units(value: float, times: int) -> None:
    with pytest.raises((OverflowError, ValueError)):
        exact.total([value] * times)
