"""The lifetime alarm against its formula and its promise; what settings name and what that promises."""

import math
from typing import get_args

import msgspec
import numpy as np
import pytest

from events.settings import Decisions, DetectorName
from models import detectors
from models.e_sr import ESR, bets
from models.lifetime import Lifetime


def test_the_evidence_is_the_formula_s() -> None:
    detector, m = Lifetime(0.2), 0.2
    assert detector.evidence == 1
    for count, total in [(3, 1), (10, 7), (1, 0)]:
        detector.take(count, total, 0)
    products = [(1 + b * (1 - m)) ** 8 * (1 - b * m) ** 6 for b in bets(m)]
    assert detector.evidence == pytest.approx(sum(products) / len(products))


def test_a_pinned_example() -> None:
    detector = Lifetime(0.1)
    for ts in range(10):
        detector.take(10, 1 if ts < 5 else 6, ts)
    assert detector.evidence == pytest.approx(1_122_650_529.86189, rel=1e-9)


def test_a_cohort_of_losses_pays_no_more_than_is_staked() -> None:
    """The mean of W over all outcomes of five losses, each 1 with probability m, is W before."""
    detector, m, n = Lifetime(0.3), 0.3, 5
    detector.take(20, 9, 0)
    mean = 0.0
    for total in range(n + 1):
        after = msgspec.json.decode(msgspec.json.encode(detector), type=Lifetime)
        after.take(n, total, 1)
        mean += math.comb(n, total) * m**total * (1 - m) ** (n - total) * after.evidence
    assert mean == pytest.approx(detector.evidence)


def test_it_is_false_no_more_often_than_it_may_be() -> None:
    """100 lives of 2,000 losses at exactly the baseline: 5 % by Ville, and 3 sigma."""
    wrong = np.random.default_rng(0).binomial(100, 0.2, (100, 20))
    rang = 0
    for life in wrong.tolist():
        detector, highest = Lifetime(0.2), 0.0
        for total in life:
            detector.take(100, total, 0)
            highest = max(highest, detector.evidence)
        rang += highest >= 20
    assert rang <= 5 + 3 * math.sqrt(100 * 0.05 * 0.95)


def test_evidence_stays_a_number() -> None:
    detector = Lifetime(0.01)
    for _ in range(3):
        detector.take(100_000, 100_000, 5)
    assert math.isfinite(detector.evidence)
    detector.take(10_000_000, 0, 6)
    assert detector.evidence >= 0


def test_each_detector_that_settings_name_begins_and_says_what_it_promises() -> None:
    decisions = Decisions(false_alarm_every=5_000, false_alarm_risk=0.01)
    for name in get_args(DetectorName):
        detector = detectors.begun(0.2, decisions.model_copy(update={"detector": name}))
        assert detector.evidence < detectors.threshold(name, decisions)
        assert detectors.guarantee(name, decisions)
    assert detectors.begun(0.2, decisions) == ESR(0.2)
    assert detectors.threshold("e-sr", decisions) == 5_000
    assert detectors.threshold("lifetime", decisions) == pytest.approx(100)
    assert "0.01 over the version's whole life" in detectors.guarantee("lifetime", decisions)
    assert detectors.guarantee("ddm", decisions).startswith("none")
