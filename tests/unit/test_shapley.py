import random
from itertools import permutations
from math import factorial

import numpy as np
import pytest

from models.shapley import Ask, Row, enumerated, rows_of, sampled

CHANCE = random.Random(7)
N = 5
EVENT = [CHANCE.gauss(0, 1) for _ in range(N)]
BACKGROUND = [[CHANCE.gauss(0, 1) for _ in range(N)] for _ in range(12)]


def tangled(rows: list[Row]) -> np.ndarray:
    """Every feature matters, and with others."""
    a, b, c, d, e = np.array(rows, dtype=float).T
    return np.tanh(a * b + c) + np.where(d > 0, a, e) * c


def summed(rows: list[Row]) -> np.ndarray:
    return np.sin(np.array(rows, dtype=float)) @ np.arange(1.0, N + 1)


def by_definition(ask: Ask) -> list[float]:
    """The mean gain of each feature over all orders in which they may come."""
    gains = [0.0] * N
    for order in permutations(range(N)):
        mixed = [list(row) for row in BACKGROUND]
        before = ask(mixed).mean()
        for i in order:
            for row in mixed:
                row[i] = EVENT[i]
            after = ask(mixed).mean()
            gains[i] += (after - before) / factorial(N)
            before = after
    return gains


def nothing(_answered: int) -> None:
    pass


@pytest.mark.parametrize("ask", [tangled, summed])
def test_all_coalitions_give_what_the_definition_says(ask: Ask) -> None:
    told: list[int] = []
    found = enumerated(ask, EVENT, BACKGROUND, told.append)
    assert found.values == pytest.approx(by_definition(ask), abs=1e-12)
    assert found.base == pytest.approx(ask(BACKGROUND).mean())
    assert found.base + found.values.sum() == pytest.approx(ask([EVENT])[0])
    assert told[-1] == rows_of(N, len(BACKGROUND)) == 2**N * 12
    assert found.errors is None


def test_samples_add_up_and_are_as_near_as_they_say() -> None:
    truth = enumerated(tangled, EVENT, BACKGROUND, nothing).values
    off = []
    for seed in range(40):
        found = sampled(tangled, EVENT, BACKGROUND, 600, seed, nothing)
        assert found.base + found.values.sum() == pytest.approx(tangled([EVENT])[0], abs=1e-12)
        assert found.errors is not None
        off.append((found.values - truth) / found.errors)
    assert 0.75 < np.sqrt(np.mean(np.square(off))) < 1.35, "the errors are standard errors"
    again, other = (sampled(tangled, EVENT, BACKGROUND, 600, seed, nothing).values for seed in (0, 1))
    assert (again == sampled(tangled, EVENT, BACKGROUND, 600, 0, nothing).values).all()
    assert (again != other).any()


def test_samples_of_a_sum_are_exact() -> None:
    found = sampled(summed, EVENT, BACKGROUND, 1, 0, nothing)
    kept = BACKGROUND[::2]
    assert found.background == len(kept), "a budget too small for the whole"
    assert found.values == pytest.approx(enumerated(summed, EVENT, kept, nothing).values, abs=1e-12)
    assert found.errors == pytest.approx(np.zeros(N), abs=1e-12)


def test_a_larger_budget_is_used_and_kept() -> None:
    for most in (1_000, 10_000):
        told: list[int] = []
        found = sampled(tangled, EVENT, BACKGROUND, most, 0, told.append)
        assert most / 2 < told[-1] <= most
        assert found.background == len(BACKGROUND)
