"""The paired e-value: its formula, its range, and that it seldom speaks where there is nothing to say."""

import math

import numpy as np
import pytest

from models import paired


def exact(worse: int, better: int) -> float:
    """Log of E in whole numbers: b!c!/(n+1)! times the sum of C(n+1, k) for k above c."""
    n = worse + better
    ways = sum(math.comb(n + 1, k) for k in range(better + 1, n + 2))
    below = math.comb(n, worse) * (n + 1)
    return math.log(ways) - math.log(below)


def test_it_is_what_the_formula_says() -> None:
    assert paired.evidence(0, 0) == pytest.approx(0, abs=1e-12)
    assert math.exp(paired.evidence(1, 0)) == pytest.approx(3 / 2)
    assert math.exp(paired.evidence(0, 1)) == pytest.approx(1 / 2)
    assert math.exp(paired.evidence(12, 2)) == pytest.approx(32_647 / 1_365)


@pytest.mark.parametrize(("worse", "better"), [(7, 3), (40, 60), (300, 200), (0, 900), (20, 1_000)])
def test_it_agrees_with_whole_numbers(worse: int, better: int) -> None:
    assert paired.evidence(worse, better) == pytest.approx(exact(worse, better), abs=1e-9)


def test_a_bet_pays_no_more_than_is_staked() -> None:
    for worse, better in [(0, 0), (3, 5), (50, 20), (20, 50), (0, 3000), (500_000, 499_000)]:
        now, up, down = (
            paired.evidence(*pair) for pair in [(worse, better), (worse + 1, better), (worse, better + 1)]
        )
        assert (math.exp(up - now) + math.exp(down - now)) / 2 == pytest.approx(1, abs=1e-6)


def test_a_million_events_are_no_trouble() -> None:
    counts = [0, 250_000, 480_000, 499_000, 500_000, 520_000, 1_000_000]
    found = [paired.evidence(b, 1_000_000 - b) for b in counts]
    assert all(math.isfinite(one) for one in found)
    assert found == sorted(found)
    assert found[0] == pytest.approx(-math.log(1_000_000 + 1), abs=1e-3)
    assert found[-1] == pytest.approx(1_000_001 * math.log(2) - math.log(1_000_001), rel=1e-12)


def test_where_the_two_ways_of_reckoning_meet_there_is_no_step() -> None:
    better = 1500
    found = [paired.evidence(worse, better) for worse in range(100)]
    steps = np.diff(found)
    assert (steps > 0).all()
    assert (np.abs(np.diff(steps)) < 1e-6).all()


def test_it_seldom_speaks_of_two_that_are_alike() -> None:
    """Of 300 canaries, each looked at every 20 of 400 events that differ, 5 % by Ville and 4 sigma."""
    chance = np.random.default_rng(0)
    looked = np.arange(20, 401, 20)
    table = {(b, n - b): paired.evidence(b, n - b) for n in looked.tolist() for b in range(n + 1)}
    worse = np.cumsum(chance.random((300, 400)) < 0.5, axis=1)[:, 19::20]
    false = sum(
        any(table[int(b), int(n - b)] >= math.log(20) for b, n in zip(row, looked, strict=True))
        for row in worse
    )
    assert false <= 0.05 * 300 + 4 * math.sqrt(0.05 * 0.95 * 300)
