"""Accuracy without labels: the formulas, pinned, and how often sound windows are odd."""

import math

import numpy as np
import pytest

from models import two_samples
from models.confidence import Bin, Confidence, accuracy_estimate, confidence, scores
from models.finding import Finding
from models.histograms import BUCKETS, Integers, probable

KNOWN = Confidence([Bin(1, 100, 90), Bin(26, 100, 50), Bin(41, 200, 190)], lowest=0.82)
"""Of 400 answers 330 were right."""
LEAST = 0.05


def window(*rows: int) -> Integers:
    """A histogram with so many rows in the middle of each bin, and some without a score."""
    buckets = np.zeros(BUCKETS, dtype=np.int64)
    buckets[[0, 10, 30, 45]] = 7, *rows
    return buckets


def estimate(*rows: int) -> Finding:
    return accuracy_estimate(KNOWN, window(*rows), LEAST)


def test_pinned() -> None:
    found = estimate(100, 200, 100)
    assert found.words == "accuracy estimated from confidence 71.2 %, was 82.5 % on the holdout"
    assert (found.kind, found.detector, found.name, found.limit) == (
        "score",
        "confidence",
        "confidence",
        LEAST,
    )
    assert found.found.distance == pytest.approx(0.11, abs=0.005)
    assert found.found.p < 1e-6


def test_the_chance_is_the_formula_s() -> None:
    right = np.array([0.9, 0.5, 0.95])

    def variance(shares: list[float]) -> float:
        return float(np.dot(shares, right**2) - np.dot(shares, right) ** 2)

    now, then = [0.25, 0.4, 0.35], [0.25, 0.25, 0.5]
    apart = np.subtract(now, then) ** 2 * right * (1 - right) / [100, 100, 200]
    z = np.dot(np.subtract(now, then), right) / math.sqrt(
        variance(now) / 80 + variance(then) / 400 + apart.sum()
    )
    assert estimate(20, 32, 28).found.p == pytest.approx(math.erfc(-z / math.sqrt(2)) / 2)


@pytest.mark.parametrize("rows", [(100, 100, 200), (100, 90, 210), (101, 102, 197), (0, 0, 0)])
def test_as_on_the_holdout_or_in_parts_of_it_or_better_is_nothing(rows: tuple[int, ...]) -> None:
    assert estimate(*rows).found == two_samples.NOTHING


def test_few_rows_are_chance() -> None:
    assert estimate(1, 3, 1).found.p > 0.05


def test_it_is_made_of_a_holdout_in_order_of_time_and_survives_as_json() -> None:
    chance = np.random.default_rng(1)
    given = chance.beta(0.5, 0.5, 2_000)
    sure = np.maximum(given, 1 - given)
    right = chance.random(2_000) < sure
    made = confidence(probable(given), right)
    assert len(made.bins) <= 10
    assert (made.rows.sum(), float(made.rows @ made.right)) == (2_000, right.sum())
    assert Confidence.found(made.stated()) == made
    assert made.lowest <= right.mean()
    hard = np.where(np.arange(2_000) < 1_500, given, 0.5)
    assert confidence(probable(hard), chance.random(2_000) < np.maximum(hard, 1 - hard)).lowest < 0.6
    for nothing in (None, {}, {"bins": [], "lowest": 0.5}, {"bins": [[1, 0, 0]], "lowest": 0.5}):
        assert Confidence.found(nothing) is None


def test_scores_are_those_of_the_histograms() -> None:
    two, three = np.array([[0.3, 0.7]]), np.array([[0.2, 0.5, 0.3]])
    assert scores(two, 1).tolist() == probable(np.array([0.7])).tolist()
    assert scores(two, 0).tolist() == probable(np.array([0.3])).tolist()
    assert scores(three, 0).tolist() == probable(np.array([0.5])).tolist()


def test_sound_windows_are_not_told_of_and_harder_ones_are() -> None:
    chance = np.random.default_rng(2)

    def answers(rows: int, a: float) -> tuple[Integers, np.ndarray]:
        given = chance.beta(a, a, rows)
        return probable(given), chance.random(rows) < np.maximum(given, 1 - given)

    def odd(known: Confidence, a: float) -> bool:
        found = accuracy_estimate(known, np.bincount(answers(300, a)[0], minlength=BUCKETS), LEAST)
        return found.matters and found.found.p <= 0.01

    sound = harder = 0
    for _ in range(20):
        known = confidence(*answers(500, 0.5))
        sound += sum(odd(known, 0.5) for _ in range(20))
        harder += sum(odd(known, 1.5) for _ in range(5))
    assert sound <= 1, "of 400"
    assert harder >= 95, "of 100"
