"""docs/decisions.md: the targets and what was found, and the tables behind."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from calibrate import canaries
from calibrate.alarms import DECISIONS, added
from calibrate.canaries import Canary
from calibrate.plan import EXCESSES, MIXED, NAMES, RISES, ROWS, SIZE, SIZES, TOLERATED, Results
from calibrate.streams import ERROR, KINDS
from calibrate.targets import targets
from calibrate.wording import late, percent, rate, share, table
from models.detectors import E_SR


def written(results: Results, when: datetime, seconds: float) -> tuple[str, list[str]]:
    """The document, and the targets that were missed."""
    all_ = list(targets(results))
    parts = [
        _HEAD.format(when=when, seconds=seconds),
        table(
            ("target", "wanted", "found", ""),
            [(one.what, one.wanted, one.found, "met" if one.met else "**missed**") for one in all_],
        ),
        _ALONE.format(d=DECISIONS),
        _alone(results),
        _COMPARED.format(size=SIZE, tolerated=TOLERATED),
        _compared(results),
        _VERDICTS.format(c=canaries, d=canaries.DECISIONS),
        _verdicts(results),
    ]
    missed = [f"{one.what}: {one.found}, wanted {one.wanted}" for one in all_ if not one.met]
    return "\n".join(parts), missed


def _alone(results: Results) -> str:
    head = ["detector", "mean loss, baseline", "stream", *(f"cohorts of {size}" for size in SIZES)]
    rows = [
        (
            row.name,
            f"{ERROR:.2f}, {row.baseline:.2f}",
            row.kind + ", and settings say so" * row.said,
            *(
                rate(found) if row.name == E_SR else share(found.rang, found.streams)
                for found in (results.alone[row, size] for size in SIZES)
            ),
        )
        for row in ROWS
    ]
    delays = (f"{late(results.sized[size]):g}" for size in SIZES)
    return table(head, [*rows, (E_SR, f"→ 0.30, {TOLERATED:.2f}", "median delay", *delays)])


def _compared(results: Results) -> str:
    head = ["detector", *KINDS, "all", *(f"{ERROR:.2f} → {error:.2f}" for error in RISES), "missed"]
    return table(head, [_one(results, name) for name in NAMES])


def _one(results: Results, name: str) -> Sequence[str]:
    found = [results.mixed[name, kind] for kind in MIXED]
    delays = [results.late[name, error] for error in RISES]
    return (
        name,
        *(f"{one.rate:.2f}" for one in found),
        rate(added(found)),
        *(f"{late(one):g}".replace("inf", "∞") for one in delays),
        ", ".join(f"{one.count(None)} of {len(one)}" for one in delays),
    )


def _verdicts(results: Results) -> str:
    head = [
        "challenger's error",
        "canaries",
        "E: rolled back",
        "McNemar's: rolled back",
        "trial: worse",
        "trial: no worse",
        "trial: inconclusive",
        "events to the finding, median",
    ]
    return table(head, [_trial(excess, results.canaries[excess]) for excess in EXCESSES])


def _trial(excess: float, found: Sequence[Canary]) -> Sequence[str]:
    findings = [sum(one.finding == of for one in found) for of in ("worse", "no worse", "inconclusive")]
    return (
        f"{excess:+.2f}" if excess else "the same",
        str(len(found)),
        share(sum(one.rolled_back for one in found), len(found)),
        percent(sum(one.peeked for one in found), len(found)),
        *(percent(one, len(found)) for one in findings),
        f"{median(one.labels for one in found):g}",
    )


_HEAD = """# Decisions, calibrated
Written by `make calibrate` (`python -m calibrate`) on {when:%Y-%m-%d} in {seconds:.0f} s, from seeds that
stay; it exits 1 if a target is missed. Detectors and verdicts run through the loop's own code, with the
defaults of `[decisions]`. In brackets: upper 95 % bounds, one-sided.
"""
_ALONE = """
## Alarms that promise something
Of e-SR, which promises at most one in {d.false_alarm_every:,}: false alarms in 10,000 labelled events. Of the
lifetime alarm, which promises {d.false_alarm_risk:.0%}: the share of streams on which it rings at all. Each
figure is of 200 streams of 10,000 events without a change. Losses are 0 or 1: independent; with 30 % of the
labels missing at random; or autocorrelated, by 0.3 from one to the next.

Both promises are for losses whose mean, given what came before, is at most the baseline; where losses hang
together it may lie above it for a while, and the promise is not kept. `[decisions] autocorrelated = true`
weighs the evidence (`models/dispersion.py`): e-SR then keeps it where the mean loss is below the baseline by
the tolerance, and just at the baseline only where cohorts are large; the lifetime alarm comes nearer, but
does not keep it.

Larger cohorts ring more seldom for nothing, and later: the last row has e-SR's median delay. The target of
half of ADWIN's is met in cohorts of 10; in cohorts of 25 and more it is not.

A label's delay is not simulated: alarms look at buckets that are final, in order of event time, so it adds
itself to an alarm's delay and changes nothing else.
"""
_COMPARED = """
## All detectors
River's are at their defaults, but heard for rises only. In cohorts of {size}; baseline {tolerated:.2f} for
those that are told one. False alarms in 10,000 labelled events, on 100, 50 and 50 streams without a change;
median delay in labelled events, of a change after 5,000; misses in the 5,000 after it. For kswin streams are
300 events long, 100 of which fill its window, and the change comes after 150, so its misses are those of the
150 events after it. ∞: more than half were missed.
"""
_VERDICTS = """
## Verdicts
Champion and challenger on the same {c.EVENTS:,} labelled events; they differ on {c.APART:.0%} of them. The
paired e-value, at alpha = {d.alpha:g}, and McNemar's test at 5 %, where the challenger is the worse one, are
looked at after each event. A trial is looked at every {c.LOOK} events: it finds "worse" by the same e-value
and "no worse" at a margin of {d.margin:g}, as of a first challenger.
"""
