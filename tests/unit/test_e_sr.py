"""The alarm's evidence against its formula, its budget and its delay; bounds against their definitions."""

import math
import random

import msgspec
import numpy as np
import pytest

from models import losses
from models.baseline import baseline, upper
from models.e_sr import BETS, ESR, bets


def risen(
    chance: random.Random, before: int, rates: tuple[float, float], cohort: int = 25
) -> tuple[int, int]:
    """At which loss an alarm on more than 0.21 rings, and the change that it names."""
    detector = ESR(0.21)
    while detector.evidence < 10_000:
        rate = rates[detector.losses >= before]
        detector.take(cohort, sum(chance.random() < rate for _ in range(cohort)), detector.losses)
    return detector.losses, detector.change.ts


def test_the_evidence_is_the_formula_s() -> None:
    detector, m, sums = ESR(0.2), 0.2, [0.0] * BETS
    for count, total in [(3, 1), (10, 7), (1, 0)]:
        detector.take(count, total, 0)
        sums = [
            (old + count) * (1 + b * (1 - m)) ** total * (1 - b * m) ** (count - total)
            for old, b in zip(sums, bets(m), strict=True)
        ]
    assert detector.evidence == pytest.approx(sum(sums) / BETS)
    assert all(0 < b * m < 1 for b in bets(m))


def test_a_pinned_example() -> None:
    detector = ESR(0.1)
    for ts in range(10):
        detector.take(10, 1 if ts < 5 else 6, ts)
    assert detector.evidence == pytest.approx(264_173_066_915_717.16, rel=1e-9)
    assert (detector.change.ts, detector.change.losses, detector.change.total) == (5, 50, 5)


def test_a_rise_is_found_and_dated_and_what_was_before_is_not_taken_for_it() -> None:
    chance = random.Random(7)
    found = [risen(chance, 2_000, (0.2, 0.3)) for _ in range(12)]
    assert all(rang > 2_000 for rang, _ in found), (
        "a false alarm in 24,000 losses: the budget is one in 10,000"
    )
    assert 100 <= np.median([rang for rang, _ in found]) - 2_000 <= 400
    assert abs(np.median([change for _, change in found]) - 2_000) <= 100


def test_losses_between_0_and_1_give_no_more_evidence_than_the_product_of_their_own_bets() -> None:
    chance, m = random.Random(1), 0.3
    values = [chance.random() for _ in range(40)]
    detector = ESR(m)
    detector.take(len(values), sum(values), 0)
    products = [math.prod(1 + b * (x - m) for x in values) for b in bets(m)]
    assert detector.evidence <= len(values) * sum(products) / BETS


def test_evidence_stays_a_number_and_the_state_survives_as_json() -> None:
    detector = ESR(0.01)
    for _ in range(3):
        detector.take(100_000, 100_000, 5)
    assert math.isfinite(detector.evidence)
    assert msgspec.json.decode(msgspec.json.encode(detector), type=ESR) == detector


@pytest.mark.parametrize(
    ("rows", "wrong", "bound"),
    [
        (500, 83, 0.19582770530333288),
        (10, 0, 0.25886555089334723),
        (1, 0, 0.95),
        (40, 39, 0.9987184894771243),
    ],
)
def test_the_bound_is_clopper_s_and_pearson_s(rows: int, wrong: int, bound: float) -> None:
    assert upper(rows, wrong) == pytest.approx(bound), "binomtest's exact proportion_ci(0.9)"


def test_the_bound_on_real_losses_is_chernoff_s() -> None:
    mean, found = 0.1, upper(200, 20.0, real=True)
    apart = mean * math.log(mean / found) + (1 - mean) * math.log((1 - mean) / (1 - found))
    assert 200 * apart == pytest.approx(math.log(20))
    assert upper(5, 5) == upper(5, 5.0, real=True) == 1


def test_a_baseline_is_read_from_a_manifest_s_metrics() -> None:
    found = baseline({"rows": 500, "loss_sum": 83, "gate": {}}, real=False)
    assert found is not None
    assert (found.rows, found.total, found.bound, found.gated) == (500, 83, None, True)
    squared = baseline({"rows": 10, "loss_sum": 99.0, "bound": 4.0, "clipped_sum": 12.0}, real=True)
    assert squared is not None
    assert (squared.total, squared.bound, squared.gated) == (3.0, 4.0, False)


@pytest.mark.parametrize(
    ("metrics", "real"),
    [
        ({}, False),
        ({"rows": 0, "loss_sum": 0}, False),
        ({"rows": 5, "loss_sum": 9}, False),
        ({"rows": "many", "loss_sum": 9}, False),
        ({"rows": 5, "loss_sum": 1.0}, True),
        ({"rows": 5, "loss_sum": 1.0, "bound": 0.0, "clipped_sum": 0.0}, True),
    ],
)
def test_metrics_that_say_no_baseline_give_none(metrics: dict[str, object], real: bool) -> None:  # noqa: FBT001
    assert baseline(metrics, real=real) is None


def test_losses_in_steps_are_little_less_than_they_are() -> None:
    chance = random.Random(3)
    values = [0.0, *(chance.expovariate(1) ** 3 for _ in range(500))]
    whole = sum(min(value, 2.0) for value in values) / 2.0
    assert whole * 32 / 33 <= losses.clipped(losses.steps(values), 2.0) <= whole
    assert losses.clipped({}, 1.0) == 0
