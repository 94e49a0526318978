"""Sparse counts, a key → how many, as bytes: they travel as they are, and many add up at once in numpy.

A key is an integer below 2**32. The bytes are the keys in ascending order, four bytes each, then their
counts, each as wide as the largest needs, then that width. A count is never 0, so equal counts are equal
bytes; no counts are no bytes.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

NONE = b""

_KEY = 4
_WIDTHS = np.array([1, 2, 4, 8])
_LARGEST = np.array([2**8, 2**16, 2**32]) - 1


def counted(groups: Integers, keys: Integers, many: int, size: int) -> list[bytes]:
    """For each group from 0 to `many` - 1 the counts of its keys, all below `size`.

    `groups[i]` is the group that `keys[i]` is counted in.
    """
    codes = groups * size + keys
    if many * size <= len(codes):
        sums = np.bincount(codes)
        found, counts = np.flatnonzero(sums), sums[sums > 0]
    else:  # too few of all possible ones are there to go through them
        found, counts = np.unique(codes, return_counts=True)
    return _packed(found % size, counts, np.searchsorted(found, np.arange(many + 1) * size))


def added(parts: Iterable[bytes]) -> bytes:
    """The sums of counts, each below 2**53, in any order and any grouping."""
    filled = [part for part in parts if part]
    if len(filled) <= 1:
        return filled[0] if filled else NONE
    keys, counts = map(np.concatenate, zip(*map(unpacked, filled), strict=True))
    sums = np.bincount(keys, counts).astype(np.int64)
    found = np.flatnonzero(sums)
    [whole] = _packed(found, sums[found], np.array([0, len(found)]))
    return whole


def unpacked(value: bytes) -> tuple[Integers, Integers]:
    """The keys in ascending order, and their counts."""
    if not value:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    width = value[-1]
    many = (len(value) - 1) // (_KEY + width)
    keys = np.frombuffer(value, dtype="<u4", count=many)
    counts = np.frombuffer(value, dtype=f"<u{width}", count=many, offset=_KEY * many)
    return keys.astype(np.int64), counts.astype(np.int64)


def dense(value: bytes, size: int) -> Integers:
    """The counts of the keys 0 to `size` - 1, which are all that there are."""
    found = np.zeros(size, dtype=np.int64)
    keys, counts = unpacked(value)
    found[keys] = counts
    return found


def _packed(keys: Integers, counts: Integers, edges: Integers) -> list[bytes]:
    """The bytes of each stretch from one edge to the next."""
    starts, filled = edges[:-1], edges[:-1] < edges[1:]
    widths = np.zeros(len(starts), dtype=np.int64)
    widths[filled] = _WIDTHS[np.searchsorted(_LARGEST, np.maximum.reduceat(counts, starts[filled]))]
    key_bytes = keys.astype("<u4").tobytes()
    count_bytes = {
        width: counts.astype(f"<u{width}").tobytes() for width in np.unique(widths[filled]).tolist()
    }
    return [
        key_bytes[_KEY * a : _KEY * b] + count_bytes[width][width * a : width * b] + bytes([width])
        if width
        else NONE
        for (a, b), width in zip(pairwise(edges.tolist()), widths.tolist(), strict=True)
    ]
