"""The targets, and what was found."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from calibrate.alarms import DECISIONS, Alarms
from calibrate.canaries import DECISIONS as TRIALS
from calibrate.canaries import Canary
from calibrate.plan import TOLERATED, Results, Row
from calibrate.streams import ERROR
from calibrate.wording import late, percent, rate, share
from models.detectors import E_SR, LIFETIME
from models.non_inferiority import level

BUDGET = 10_000 / DECISIONS.false_alarm_every
"""False alarms of e-SR in 10,000 labelled events."""


class Target(NamedTuple):
    """What was to be reached."""

    what: str
    wanted: str
    found: str
    met: bool


def targets(results: Results) -> Iterator[Target]:
    """All."""
    promised = {key: one for key, one in results.alone.items() if key[0].kind != "autocorrelated"}
    yield _budget(
        "mean loss just at the baseline", [one for (row, _), one in promised.items() if row.name == E_SR]
    )
    for said, words in ((False, "settings do not say so"), (True, "settings say so")):
        yield _budget(
            f"autocorrelated, {words}, below the baseline by the tolerance",
            [
                one
                for (row, _), one in results.alone.items()
                if row == Row(E_SR, TOLERATED, "autocorrelated", said)
            ],
        )
    yield _lives([one for (row, _), one in promised.items() if row.name == LIFETIME])
    quick, theirs = (late(results.late[name, 0.30]) for name in (E_SR, "adwin"))
    yield Target(
        f"median delay for {ERROR:.2f} → 0.30",
        "at most 1/2 of ADWIN's",
        f"{quick:g} of {theirs:g}",
        quick <= theirs / 2,
    )
    quiet, rises = (results.mixed[name, "independent"] for name in (E_SR, "page-hinkley"))
    yield Target(
        "at no more false alarms in 10,000 labels than river's PageHinkley at its defaults, falls too",
        f"at most {results.hinkley.rate:.2f}",
        f"{rate(quiet)}; PageHinkley's of rises alone {rises.rate:.2f}",
        quiet.rate <= results.hinkley.rate,
    )
    yield _rollbacks(results.canaries[0.0])
    yield _promotions(results.canaries[TRIALS.margin])


def _budget(where: str, found: Sequence[Alarms]) -> Target:
    worst = max(found, key=lambda one: one.upper)
    return Target(
        f"false alarms of e-SR in 10,000 labels, at worst: {where}",
        f"at most {BUDGET:g}, with the bound",
        rate(worst),
        worst.upper <= BUDGET,
    )


def _lives(found: Sequence[Alarms]) -> Target:
    worst = max(found, key=lambda one: one.rang / one.streams)
    risk = DECISIONS.false_alarm_risk
    return Target(
        "streams on which the lifetime alarm is false, at worst: mean loss just at the baseline",
        f"at most {risk:.0%}",
        share(worst.rang, worst.streams),
        worst.rang / worst.streams <= risk,
    )


def _rollbacks(same: Sequence[Canary]) -> Target:
    back, peeked = (sum(of) for of in zip(*((one.rolled_back, one.peeked) for one in same), strict=True))
    return Target(
        f"false rollbacks in A/A canaries at alpha = {TRIALS.alpha:g}",
        f"at most {TRIALS.alpha:.0%} (McNemar's, peeked at: 30 %)",
        f"{share(back, len(same))}; McNemar's {percent(peeked, len(same))}",
        back / len(same) <= TRIALS.alpha,
    )


def _promotions(bad: Sequence[Canary]) -> Target:
    wrong, allowed = sum(one.finding == "no worse" for one in bad), level(1, TRIALS.alpha)
    return Target(
        f"promotions of a first challenger that is worse by the margin, {TRIALS.margin:g}",
        f"at most {allowed:.1%}",
        share(wrong, len(bad)),
        wrong / len(bad) <= allowed,
    )
