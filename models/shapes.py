"""How one feature, or the scores, were distributed: counts in bins, to hold other histograms against.

Bins are made of the buckets of `models.histograms`. A number's buckets are put together to about ten bins of
as many rows each; a category's stand alone. How far the rows' own parts lie apart is kept too: a stretch of
them is rarely like the whole, since days and seasons differ.
"""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from models.counts import Integers
from models.histograms import BUCKETS, FINE, MISSING
from models.two_samples import Counts, compared

BINS = 10
PARTS = 4, 8, 16, 32
"""Into so many parts, each after the other, the rows are cut."""
OUTSIDE, FIRST = 1, 2
"""Where a table has what lies outside the bins, and the first bin; `MISSING` is before them."""
_DIGITS = 4


_Many = Annotated[int, Meta(ge=0)]
_Bucket = Annotated[int, Meta(ge=1, le=BUCKETS)]


class Bin(Struct, array_like=True, frozen=True):
    """The buckets from `start` up to `end` without it."""

    start: _Bucket
    end: _Bucket
    count: _Many


class Part(Struct, array_like=True, frozen=True):
    """Of parts of so many rows what was farthest from the others."""

    rows: int
    distance: float
    missing: float
    """The share."""
    outside: float
    """The share of what lies where the others have nothing; of a number, beyond them."""
    alone: float
    """The share of the fullest bucket, of what is not missing."""


class Shape(Struct, frozen=True):
    """How one feature was distributed, or the scores of `models.score_drift`."""

    missing: _Many
    bins: list[Bin]
    parts: list[Part] = field(default_factory=list)
    """The largest first."""
    each: Annotated[int, Meta(ge=1)] = 1
    """Values that a row has: an array's elements."""

    def part(self, rows: float) -> Part:
        """What a stretch of so many rows may be like: a part of at most half of them, where there is one.

        Of the same number the farthest of few parts would be passed by one stretch in five.
        """
        found = (part for part in self.parts if 2 * part.rows <= rows)
        return next(found, self.parts[-1] if self.parts else Part(0, 0.0, 0.0, 0.0, 0.0))

    def table(self) -> Counts:
        """The reference's rows: those missing, none outside, then those of each bin."""
        return np.array([self.missing, 0, *(one.count / self.each for one in self.bins)], dtype=np.float64)

    def table_of(self, buckets: Integers) -> Counts:
        """The rows of a histogram in the same bins.

        An array counts as one row, however many elements it has, since these may depend on each other.
        """
        place = np.full(BUCKETS, OUTSIDE)
        for i, one in enumerate(self.bins):
            place[one.start : one.end] = FIRST + i
        place[MISSING] = MISSING
        many = np.bincount(place[:FINE], buckets[:FINE], FIRST + len(self.bins))
        found: Counts = many.astype(np.float64)
        found[OUTSIDE:] /= self.each
        return found


def shaped(tables: Integers, each: int = 1, *, numbers: bool = True) -> Shape:
    """The shape of what the histograms of parts, one a row and in order of time, are together."""
    tables = np.where(np.arange(BUCKETS) < FINE, tables, 0)
    whole = tables.sum(axis=0)
    bins = list(_quantiles(whole) if numbers else _alone(whole))
    shape = Shape(int(whole[MISSING]), bins, each=each)
    split = [tables.reshape(many, -1, BUCKETS).sum(axis=1) for many in PARTS if many <= len(tables)]
    return replace(shape, parts=[_part(shape, whole, parts) for parts in split])


def _part(shape: Shape, whole: Integers, parts: Integers) -> Part:
    """What can be said of parts of one size."""
    rows, all_rows = [shape.table_of(part) for part in parts], shape.table_of(whole)
    return Part(
        rows=int(min(one.sum() for one in rows)),
        distance=round(max(compared(all_rows - one, one).distance for one in rows), _DIGITS),
        missing=round(max(share(one, MISSING) for one in rows), _DIGITS),
        outside=round(max(_outside(shape, whole, part) for part in parts), _DIGITS),
        alone=round(max(fullest(part) for part in parts), _DIGITS),
    )


def _outside(shape: Shape, whole: Integers, part: Integers) -> float:
    """The share of a part's rows that are outside of what the others make."""
    others = np.flatnonzero((whole - part)[1:]) + 1
    if not len(others):
        return 1.0
    ordered = any(one.end > one.start + 1 for one in shape.bins)
    inside = range(others[0], others[-1] + 1) if ordered else others.tolist()
    found = part.copy()
    found[[MISSING, *inside]] = 0
    return float(found.sum() / shape.each / max(shape.table_of(part).sum(), 1))


def share(rows: Counts, place: int) -> float:
    """The share of one place in a table; 0 where nothing is there."""
    return float(rows[place] / rows.sum()) if rows.any() else 0.0


def fullest(buckets: Integers) -> float:
    """The share of the fullest bucket, of what is not missing; 0 where all is."""
    there = buckets[1:FINE]
    return float(there.max() / there.sum()) if there.any() else 0.0


def _quantiles(whole: Integers) -> Iterator[Bin]:
    """Bins of about as many values each, one after the other without a gap."""
    buckets = 1 + np.flatnonzero(whole[1:])
    many = whole[buckets]
    middles = np.cumsum(many) - many / 2
    quantile = (middles * BINS / max(many.sum(), 1)).astype(int)
    starts = np.flatnonzero(np.diff(quantile, prepend=-1))
    ends = [*buckets[starts[1:]].tolist(), int(buckets[-1]) + 1] if len(buckets) else []
    for start, end in zip(buckets[starts].tolist(), ends, strict=True):
        yield Bin(start, end, int(whole[start:end].sum()))


def _alone(whole: Integers) -> Iterator[Bin]:
    """A bin for each bucket."""
    for bucket in (1 + np.flatnonzero(whole[1:])).tolist():
        yield Bin(bucket, bucket + 1, int(whole[bucket]))
