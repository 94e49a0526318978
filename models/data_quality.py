"""Is a feature more often missing than before, outside what the version learned from, or stuck at one value?

Each is a share of a window's rows, held against that of the reference's rows as a sample in two bins, by
`models.two_samples`. Only more than before is told of, and than in any part of the reference's rows; so the
p-value, which is of two sides, is up to twice too large.

A value that is stuck is one bucket for all rows that have one. With c of the reference's N rows in its bin
all n are there by chance with a probability of about ((c + 1) / (N + 1))^n. Where a part of as many of the
reference's rows was stuck too, as a weekday is for a day, it is nothing new.

Refused records are told of by `models.bad_records`. A repeated event is two events, in the contract too: the
tallies do not know it.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from models.counts import Integers
from models.feature_drift import was
from models.finding import Finding
from models.histograms import MISSING
from models.reference import Reference
from models.shapes import OUTSIDE, Shape, fullest, share
from models.two_samples import NOTHING, Comparison, Counts, compared

MISSING_DETECTOR, RANGE_DETECTOR, STALE_DETECTOR = "missing", "range", "stale"


def data_quality(
    reference: Reference, tables: Mapping[str, Integers], least_effect: float
) -> Iterator[Finding]:
    """Three findings for each feature that the reference has; `tables` has the window's buckets."""
    for name, shape in reference.features.items():
        if name in tables:
            yield from _findings(name, shape, tables[name], least_effect)


def _findings(name: str, shape: Shape, buckets: Integers, least_effect: float) -> Iterator[Finding]:
    before, now = shape.table(), shape.table_of(buckets)
    known = shape.part(float(now.sum()))
    found = _more(before, now, MISSING, known.missing)
    words = f"{name}: {was(before, now, MISSING, 'missing')}"
    yield Finding("quality", MISSING_DETECTOR, name, found, least_effect, words)
    words = f"{name}: {was(before, now, OUTSIDE, 'outside what it learned from')}"
    found = _more(before, now, OUTSIDE, known.outside)
    yield Finding("quality", RANGE_DETECTOR, name, found, least_effect, words)
    found = _stuck(before, now) if fullest(buckets) == 1 and known.alone < 1 else NOTHING
    yield Finding("quality", STALE_DETECTOR, name, found, least_effect, f"{name}: stuck at one value")


def _more(before: Counts, now: Counts, place: int, known: float) -> Comparison:
    """Whether the place has a larger share than before, and than the one `known` of parts."""
    if share(now, place) <= max(share(before, place), known):
        return NOTHING
    tables = (np.array([table[place], table.sum() - table[place]]) for table in (before, now))
    return compared(*tables)


def _stuck(before: Counts, now: Counts) -> Comparison:
    """The rows that have a value all have one: how improbable that is, and how far from before."""
    there, here = before[OUTSIDE:], now[OUTSIDE:]
    probability = (there[int(here.argmax())] + 1) / (there.sum() + 1)
    return Comparison(float(probability ** here.sum()), compared(there, here).distance)
