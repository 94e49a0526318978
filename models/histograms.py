"""Histograms of features and scores, made without having seen any data: fixed buckets, integer counts.

A feature or a score has at most 512 buckets, numbered from 0; bucket 0 is where it is missing.

| what | buckets |
| --- | --- |
| number, integer, boolean as 0 or 1, an array's elements together, a regression's answer | 1 to 401 |
| category with up to 400 `values` | 1 + the value's place in `values`; after the last, any other |
| any other category | 1 + one of 64, by CRC-32 |
| beside these, where in its bucket a number or an integer lies that is no array | 402 to 433 |
| the probability of the positive class, with more than two classes the largest | 1 + one of 50 of a width |

Of the 401, the middle one is zero. To its right are a positive number's, ascending, by its exponent and the
two highest bits of its mantissa: four an octave, from 2**-20 to 2**30, so that a bucket's middle is within an
eighth of every number in it; the outermost take what is beyond. To its left are the negative numbers' in
mirror image: the order of the buckets is that of the numbers. (DDSketch has the idea: Masson, Rim, Lee, VLDB
2019; reading a double's bits instead of its logarithm gives every machine the same buckets.)

Numbers such as 290 ± 10 are all in one bucket. So the next five bits of the mantissa, which part a bucket
into 32, are counted too, whichever bucket it is: of numbers in many buckets they say nothing, and nobody
asks; of those in one (`models.reference`) they are the histogram that the buckets are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import nan
from typing import Any, TypeVar, cast
from zlib import crc32

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from events.prediction_codec import Answered
from events.schema import Feature, label_key
from events.settings import Settings
from models import counts
from models.counts import Integers

BUCKETS = 512
MISSING = 0
SCORE_BINS = 50
FINE = 402
"""The first of the buckets for where in its bucket a number lies."""
FINER = 32
HASHED = 64
MOST_VALUES = 400

_SHIFT = np.uint64(50)  # what is above: sign, exponent and two bits of the mantissa
_FINE_SHIFT = np.uint64(45)
_LOWEST = (1023 - 20) << 2
_NOT_FINITE = 2047 << 2
_A_SIGN = 200  # buckets: 50 octaves
_ZERO = _A_SIGN + 1
_TWO = 2

_Group = TypeVar("_Group")


def _of_bits() -> Integers:
    """The bucket for each pattern of sign, exponent and two bits of mantissa, read as a number of 14 bits."""
    magnitudes = np.arange(1 << 13)
    places = np.clip(magnitudes - _LOWEST, 0, _A_SIGN - 1) + 1
    places[0] = 0  # zero, with what is too small for any exponent
    found = _ZERO + np.concatenate([places, -places])
    found[np.tile(magnitudes >= _NOT_FINITE, 2)] = MISSING
    return found


_BUCKET = _of_bits()


def numeric(numbers: NDArray[np.float64]) -> Integers:
    """The buckets of numbers; NaN is missing."""
    return np.take(_BUCKET, numbers.view(np.uint64) >> _SHIFT)


def fine(numbers: NDArray[np.float64]) -> Integers:
    """Where in its bucket each number lies; these are finite."""
    return FINE + (numbers.view(np.uint64) >> _FINE_SHIFT & np.uint64(FINER - 1)).astype(np.int64)


def within(tables: Integers) -> Integers:
    """Of features' histograms the fine buckets alone, from 1 on, with what is missing."""
    found = np.zeros_like(tables)
    found[..., MISSING] = tables[..., MISSING]
    found[..., 1 : 1 + FINER] = tables[..., FINE : FINE + FINER]
    return found


def least(bucket: int) -> float:
    """The lower end of a number's bucket, about which those of negative numbers are mirrored.

    The outermost buckets go on beyond their ends.
    """
    if bucket == _ZERO:
        return 0.0
    if bucket < _ZERO:
        return -least(2 * _ZERO - bucket + 1)
    octave, quarter = divmod(bucket - _ZERO - 1, 4)
    return 2.0 ** (octave - 20) * (1 + quarter / 4)


def part_of(bucket: int, part: int) -> tuple[float, float]:
    """The ends of one of the `FINER` parts of a number's bucket; that which is nearest to zero is 0."""
    if bucket < _ZERO:
        low, high = part_of(2 * _ZERO - bucket, part)
        return -high, -low
    width = (least(bucket + 1) - least(bucket)) / FINER
    return least(bucket) + part * width, least(bucket) + (part + 1) * width


def categorical(feature: Feature, column: Sequence[str | None]) -> list[int]:
    """The buckets of a category's values."""
    values = feature.values or ()
    if 0 < len(values) <= MOST_VALUES:
        known: dict[str | None, int] = {value: 1 + i for i, value in enumerate(values)}
        known[None] = MISSING
        return [known.get(value, 1 + len(values)) for value in column]
    hashed = {v: MISSING if v is None else 1 + crc32(v.encode()) % HASHED for v in set(column)}
    return [hashed[value] for value in column]


def probable(probabilities: NDArray[np.float64]) -> Integers:
    """The buckets of probabilities; NaN is missing."""
    bins = np.clip(np.nan_to_num(probabilities) * SCORE_BINS, 0, SCORE_BINS - 1).astype(np.int64)
    return np.where(np.isnan(probabilities), MISSING, 1 + bins)


class Histograms:
    """The histograms of one stream's answers, by group, as `models.counts`.

    A feature's key is its index times `BUCKETS` + the bucket; a score's is the bucket.
    """

    def __init__(self, settings: Settings) -> None:
        features = list(enumerate(settings.features.values()))
        self._features = len(features)
        self._booleans = [i for i, f in features if f.type == "boolean"]
        self._numbers = [i for i, f in features if f.type in {"number", "integer"} and f.shape is None]
        self._categories = [(i, f) for i, f in features if f.type == "category"]
        self._arrays = [i for i, f in features if f.shape is not None]
        self._classes = [label_key(label) for label in settings.classes]
        self._positive = settings.positive_index

    def features(self, groups: Mapping[_Group, Sequence[Answered]]) -> dict[_Group, bytes]:
        """The counts of each group's features."""
        return self.rows({g: [astuple(answer.features) for answer in many] for g, many in groups.items()})

    def rows(self, groups: Mapping[_Group, Sequence[Sequence[Any]]]) -> dict[_Group, bytes]:
        """The counts of each group's rows, which have the features' values in the schema's order."""
        rows = [row for many in groups.values() for row in many]
        if not rows:
            return {}
        columns, of = list(zip(*rows, strict=True)), _numbered(groups)
        parts = [(i * BUCKETS + buckets, of) for i, buckets in self._of_values(columns)]
        for i in self._numbers:
            values = _doubles(columns[i])
            there = np.isfinite(values)
            parts.append((i * BUCKETS + numeric(values), of))
            parts.append((i * BUCKETS + fine(values[there]), of[there]))
        parts += [
            (i * BUCKETS + buckets, np.repeat(of, many)) for i, buckets, many in self._of_arrays(columns)
        ]
        keys, numbers = map(np.concatenate, zip(*parts, strict=True))
        found = counts.counted(numbers, keys, len(groups), self._features * BUCKETS)
        return dict(zip(groups, found, strict=True))

    def scores(self, groups: Mapping[_Group, Sequence[Answered]]) -> dict[_Group, bytes]:
        """The counts of each group's scores."""
        answers = list(chain.from_iterable(groups.values()))
        if self._classes:
            keys = probable(_doubles(self._probabilities(answers)))
        else:
            predictions = (answer.prediction for answer in answers)
            numbers = [p if isinstance(p, int | float) else nan for p in predictions]
            keys = numeric(_doubles(numbers))
        found = counts.counted(_numbered(groups), keys, len(groups), BUCKETS)
        return dict(zip(groups, found, strict=True))

    def _of_values(self, columns: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Integers]]:
        """The index of each boolean and each category, and the buckets of its values."""
        for i in self._booleans:
            yield i, numeric(_doubles(columns[i]))
        for i, feature in self._categories:
            yield i, np.array(categorical(feature, columns[i]))

    def _of_arrays(self, columns: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Integers, list[int]]]:
        """The index of each array, the buckets of its elements, and how many each answer has of these."""
        for i in self._arrays:
            arrays = [(None,) if array is None else array for array in columns[i]]
            yield i, numeric(_doubles([*chain.from_iterable(arrays)])), [len(array) for array in arrays]

    def _probabilities(self, answers: Sequence[Answered]) -> list[float]:
        """NaN where the answer has none."""
        if len(self._classes) > _TWO:
            return [max(p.values()) if (p := answer.probabilities) else nan for answer in answers]
        key = self._classes[self._positive]
        return [p.get(key, nan) if (p := answer.probabilities) else nan for answer in answers]


def _numbered(groups: Mapping[_Group, Sequence[Any]]) -> Integers:
    """For each member the number of its group."""
    return np.repeat(np.arange(len(groups)), [len(answers) for answers in groups.values()])


def _doubles(numbers: Sequence[float | None]) -> NDArray[np.float64]:
    """None becomes NaN."""
    return np.fromiter(cast("Sequence[float]", numbers), np.float64, len(numbers))
