import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.delays import histogram, quantile, rounded


@given(st.integers(-10, 10**18))
def test_a_delay_is_rounded_up_to_two_digits(delay: int) -> None:
    found = rounded(delay)
    assert found >= max(delay, 0)
    assert len(str(found).rstrip("0")) <= 2
    if delay > 0:
        step = 10 ** max(len(str(found)) - 2, 0)
        assert found - delay < step


@pytest.mark.parametrize(
    ("delay", "up"),
    [(-1, 0), (0, 0), (99, 99), (100, 100), (101, 110), (991, 1000), (86_400_000, 87_000_000)],
)
def test_delays(delay: int, up: int) -> None:
    assert rounded(delay) == up


def test_delays_past_any_horizon_still_have_a_step() -> None:
    assert rounded(2**64) == rounded(10**30) < 2**64


@pytest.mark.parametrize("beyond", [[], [10**18, 10**18 + 1], [2**64], [-(2**64)]])
@pytest.mark.parametrize("times", [1, 100])  # on both sides of where arrays begin
def test_many_delays_are_rounded_as_one_is(beyond: list[int], times: int) -> None:
    many = [-5, 0, 1, 99, 100, 101, 1000, 1001, 86_400_000, 10**17 + 1, *beyond] * times
    assert histogram(many) == Counter(map(rounded, many))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=100), st.integers(1, 100))
def test_a_quantile_is_the_nearest_rank(delays: list[int], percent: int) -> None:
    ups = sorted(map(rounded, delays))
    assert quantile(histogram(delays), percent) == ups[math.ceil(Fraction(percent * len(ups), 100)) - 1]


def test_no_labels_have_no_quantile() -> None:
    assert quantile({}, 50) is None
