"""Non-inferiority: its formula, what it pays, and how the level is spent over challengers."""

import math

import numpy as np
import pytest

from models import non_inferiority


def product(differences: list[int], margin: float) -> float:
    """W event by event."""
    bets = 0.9 / (1 - margin) * 2 ** (-np.arange(12) / 2)
    return float(np.mean([np.prod([1 + bet * (margin - d) for d in differences]) for bet in bets]))


def test_it_is_what_the_formula_says() -> None:
    assert non_inferiority.wealth(0, 0, 0, 0.01) == pytest.approx(0, abs=1e-12)
    assert math.exp(non_inferiority.wealth(0, 1, 0, 0.01)) == pytest.approx(
        1 + 0.01 * 0.9 / 0.99 * (1 - 2**-6) / (1 - 2**-0.5) / 12
    )
    assert math.exp(non_inferiority.wealth(2, 30, 6, 0.01)) == pytest.approx(
        product([1, -1, -1, 0, -1, 1, -1, -1, -1] + [0] * 29, 0.01)
    )


@pytest.mark.parametrize("margin", [0.001, 0.01, 0.1, 0.9])
def test_a_bet_pays_nothing_on_average_where_the_version_is_just_so_much_worse(margin: float) -> None:
    for counts in [(0, 0, 0), (5, 100, 9), (600, 10_000, 400)]:
        now = non_inferiority.wealth(*counts, margin)
        for discordant in (margin, (1 + margin) / 2, 1.0):
            shares = ((discordant + margin) / 2, 1 - discordant, (discordant - margin) / 2)
            later = [
                non_inferiority.wealth(*(n + (i == k) for i, n in enumerate(counts)), margin)
                for k in range(3)
            ]
            paid = sum(share * math.exp(one - now) for share, one in zip(shares, later, strict=True))
            assert paid == pytest.approx(1, abs=1e-9)


def test_a_million_events_are_no_trouble() -> None:
    assert non_inferiority.wealth(0, 0, 1_000_000, 0.01) > 100_000
    assert non_inferiority.wealth(1_000_000, 0, 0, 0.01) < -10_000


def test_it_tells_equal_from_worse() -> None:
    assert non_inferiority.wealth(250, 9_500, 250, 0.02) > math.log(20)
    assert non_inferiority.wealth(350, 9_500, 150, 0.02) < 0


def test_the_levels_of_all_challengers_add_up() -> None:
    assert non_inferiority.level(1, 0.05) == pytest.approx(0.0303964, abs=1e-7)
    assert non_inferiority.level(2, 0.05) == pytest.approx(non_inferiority.level(1, 0.05) / 4)
    assert sum(non_inferiority.level(j, 0.05) for j in range(1, 10_000)) == pytest.approx(0.05, abs=1e-5)
