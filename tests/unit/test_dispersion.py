"""V against its formula, on losses that hang together and on those that do not, and across a change."""

import random

import msgspec
import pytest

from events.settings import Decisions
from models.detectors import begun
from models.dispersion import Dispersion
from models.e_sr import BETS, ESR
from models.lifetime import Lifetime


def chain(chance: random.Random, cohorts: int, repeats: float, error: float = 0.2) -> list[int]:
    """Errors in cohorts of 25 of which each loss repeats the one before with this probability."""
    losses, found = [False], []
    for _ in range(cohorts):
        for _ in range(25):
            losses.append(losses[-1] if chance.random() < repeats else chance.random() < error)
        found.append(sum(losses[-25:]))
    return found


def test_it_is_what_the_formula_says() -> None:
    dispersion = Dispersion()
    assert dispersion.factor == 1
    dispersion.take(10, 9)
    assert dispersion.factor == 1
    dispersion.take(40, 4)
    mean = 13.5 / 51
    ratio = (0.9 - 0.1) ** 2 / (mean * (1 - mean) * (1 / 10 + 1 / 40))
    assert dispersion.factor == pytest.approx((20 + ratio) / 21)


@pytest.mark.parametrize(("repeats", "low", "high"), [(0.0, 1.0, 1.15), (0.3, 1.5, 2.0), (0.6, 2.8, 4.1)])
def test_it_is_the_ratio_of_the_variances(repeats: float, low: float, high: float) -> None:
    dispersion = Dispersion()
    for total in chain(random.Random(1), 600, repeats):
        dispersion.take(25, total)
    assert low <= dispersion.factor <= high


def test_a_change_of_the_mean_counts_once() -> None:
    dispersion = Dispersion()
    for total in [5, 5, 5, 5, 5, 15, 15, 15, 15]:
        dispersion.take(25, total)
    assert dispersion.factor < 1.35


def rang(decisions: Decisions) -> int:
    """How often in 100,000 losses that hang together."""
    found = 0
    for seed in range(20):
        detector = begun(0.21, decisions)
        for total in chain(random.Random(seed), 200, 0.3):
            detector.take(25, total, 0)
            if detector.evidence >= 10_000:
                found, detector = found + 1, begun(0.21, decisions)
    return found


def test_losses_that_hang_together_ring_no_oftener_than_was_promised() -> None:
    assert rang(Decisions(autocorrelated=True)) <= 10 < rang(Decisions())


def test_evidence_is_the_product_to_the_power_1_in_v() -> None:
    plain, weighed = Lifetime(0.2), Lifetime(0.2, dispersion=Dispersion())
    for total in (2, 12, 2, 12):
        plain.take(25, total, 0)
        weighed.take(25, total, 0)
    again = Dispersion()
    logs = [0.0] * BETS
    for total in (2, 12, 2, 12):
        one = Lifetime(0.2)
        one.take(25, total, 0)
        logs = [log + paid / again.factor for log, paid in zip(logs, one.logs, strict=True)]
        again.take(25, total)
    assert weighed.logs == pytest.approx(logs)
    assert again.factor > 1
    assert weighed.evidence < plain.evidence


def test_the_state_survives_as_json() -> None:
    detector = ESR(0.2, dispersion=Dispersion())
    for total in (2, 12, 2):
        detector.take(25, total, 0)
    assert msgspec.json.decode(msgspec.json.encode(detector), type=ESR) == detector
