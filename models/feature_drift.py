"""Has the distribution of a feature moved since the version learned from it? Of numbers and of categories.

A window's rows are held against the reference's in the reference's bins (`models.shapes`), those that are
missing and those outside all bins in two bins of their own, by `models.two_samples`. What parts of the
reference's own rows differed by counts for nothing: the limit of the distance is the largest among parts of
as many rows, and at least the stream's `[drift] least_effect`. Of a narrow number, most of which is in one
bucket, it is also looked at where in its bucket it lies.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from events.schema import Feature, Features
from models.counts import Integers
from models.finding import Finding, percent
from models.histograms import MISSING, MOST_VALUES, least, part_of, within
from models.reference import Reference
from models.shapes import FIRST, OUTSIDE, Bin, Shape, share
from models.two_samples import Comparison, Counts, compared

DETECTOR = "feature-drift"
_NOWHERE = {MISSING: "missing", OUTSIDE: "outside what it learned from"}


def feature_drift(
    features: Features, reference: Reference, tables: Mapping[str, Integers], least_effect: float
) -> Iterator[Finding]:
    """A finding for each feature of which the reference has something, for a narrow number two.

    `tables` has the window's buckets.
    """
    for name, shape in reference.features.items():
        if name in tables:
            yield _finding(name, shape, tables[name], partial(_place, features[name], shape), least_effect)
    for name, shape in reference.fine.items():
        if name in tables:
            fullest = max(reference.features[name].bins, key=lambda one: one.count)
            where = partial(_part, fullest.start, shape)
            yield _finding(name, shape, within(tables[name]), where, least_effect)


def _finding(
    name: str, shape: Shape, buckets: Integers, where: Callable[[int], str], least_effect: float
) -> Finding:
    before, now = shape.table(), shape.table_of(buckets)
    found, limit = moved(shape, before, now, least_effect)
    place = most(before, now)
    return Finding(
        "feature", DETECTOR, name, found, limit, f"{name}: {was(before, now, place, where(place))}"
    )


def moved(shape: Shape, before: Counts, now: Counts, least_effect: float) -> tuple[Comparison, float]:
    """How two tables of a shape compare, and the limit of the distance."""
    return compared(before, now), max(least_effect, shape.part(float(now.sum())).distance)


def most(before: Counts, now: Counts) -> int:
    """The place whose share has changed most."""
    return int(np.argmax(np.abs(now / max(now.sum(), 1) - before / max(before.sum(), 1))))


def was(before: Counts, now: Counts, place: int, where: str) -> str:
    """`34 % from 1.5 to 2, was 10 %`."""
    return f"{percent(share(now, place))} {where}, was {percent(share(before, place))}"


def ends(one: Bin) -> str:
    """The numbers in a bin, to three digits."""
    return f"from {least(one.start):.3g} to {least(one.end):.3g}"


def _place(feature: Feature, shape: Shape, place: int) -> str:
    if place in _NOWHERE:
        return _NOWHERE[place]
    one = shape.bins[place - FIRST]
    if feature.type != "category":
        return ends(one)
    values = feature.values or ()
    if len(values) > MOST_VALUES or one.start > len(values):
        return "of values that share a hash"
    return repr(values[one.start - 1])


def _part(bucket: int, shape: Shape, place: int) -> str:
    """Of a narrow number, most of which is in `bucket`."""
    if place in _NOWHERE:
        return _NOWHERE[place]
    low, high = part_of(bucket, shape.bins[place - FIRST].start - 1)
    return f"from {low:.5g} to {high:.5g}"
