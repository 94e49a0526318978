"""The test of two samples, the distance, and which of many tests count: pinned, and by chance."""

import math

import numpy as np
import pytest

from models.two_samples import NOTHING, compared, discoveries


def counts(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers, dtype=np.float64)


def test_pinned() -> None:
    found = compared(counts(40, 30, 20, 10), counts(10, 20, 30, 40))
    assert found.p == pytest.approx(1.065509033425585e-08), "as scipy.stats.chi2_contingency has it"
    divergence = 0.5 * math.log2(0.4 / 0.25) * 0.4 * 2 + 0.5 * math.log2(0.1 / 0.25) * 0.1 * 2
    divergence += 0.5 * math.log2(0.3 / 0.25) * 0.3 * 2 + 0.5 * math.log2(0.2 / 0.25) * 0.2 * 2
    assert found.distance == pytest.approx(math.sqrt(divergence - 3 / (8 * math.log(2)) * 0.02))


def test_both_orders_and_sizes_are_alike() -> None:
    one, other = counts(100, 300, 300), counts(30, 60, 10)
    assert compared(one, other) == pytest.approx(compared(other, one))
    assert compared(one * 1e6, other * 1e6).distance == pytest.approx(compared(one, other).distance, abs=0.02)
    assert compared(counts(1e9, 0), counts(0, 1e9)) == pytest.approx((0, 1))


def test_bins_of_which_too_few_are_expected_are_put_together() -> None:
    small = compared(counts(50, 47, 2, 1), counts(40, 57, 1, 2))
    assert small == compared(counts(53, 47), counts(43, 57)), "with the next one, until five are expected"
    many = compared(counts(500, *[1] * 40), counts(500, *[0] * 40))
    assert many == compared(counts(500, 40), counts(500, 0))
    assert compared(counts(3, 1), counts(1, 3)) == NOTHING


@pytest.mark.parametrize(
    ("before", "now"), [((0, 0), (5, 5)), ((5, 5), (0, 0)), ((50, 0), (50, 0)), ((), ())]
)
def test_what_says_nothing(before: tuple[float, ...], now: tuple[float, ...]) -> None:
    assert compared(counts(*before), counts(*now)) == NOTHING


def test_equal_distributions_are_told_apart_as_often_as_chance_does() -> None:
    chance = np.random.default_rng(1)
    before = chance.multinomial(2_000, [0.1] * 10, 300).astype(np.float64)
    now = chance.multinomial(500, [0.1] * 10, 300).astype(np.float64)
    found = [compared(*pair) for pair in zip(before, now, strict=True)]
    assert 5 <= sum(one.p <= 0.05 for one in found) <= 25
    assert sum(one.distance > 0.1 for one in found) == 0
    assert 100 <= sum(one.distance == 0 for one in found) <= 200, "less what chance alone would make of it"


def test_discoveries_pinned() -> None:
    # i · 0.05 / (5 · (1 + 1/2 + 1/3 + 1/4 + 1/5)) = i · 0.00438
    assert discoveries([0.6, 0.008, 0.039, 0.001, 0.041], 0.05) == [False, True, False, True, False]
    assert discoveries([0.0087, 0.0134], 0.02) == [False, False]
    assert discoveries([0.0087, 0.0133], 0.02) == [True, True], "the last that holds takes those before along"
    assert discoveries([0.02], 0.02) == [True]
    assert discoveries([], 0.01) == []


def test_a_window_in_which_nothing_moves_has_few_false_discoveries() -> None:
    chance = np.random.default_rng(2)
    assert sum(any(discoveries(chance.random(24).tolist(), 0.05)) for _ in range(400)) <= 20
