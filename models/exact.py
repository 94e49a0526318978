"""Sums of doubles that do not depend on the order of adding.

A sum is an integer number of units of 2**-200. A double is turned into the nearest number of units: exactly
from 2**-148 on, within 2**-201 below. Integers then add without rounding, in any order and any grouping.
"""

import sys
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

UNIT_BITS = 200
ONE = 1 << UNIT_BITS
"""1.0 in units."""
LARGEST = sys.float_info.max

_DIGITS = 53  # of a double's mantissa
_LOW = 2.0**26
_WORTH_AN_ARRAY = 100


def units(value: float) -> int:
    """A finite double in units, a tie to the even one.

    Raises:
        OverflowError, ValueError: it is not finite.
    """
    numerator, denominator = value.as_integer_ratio()
    shift = UNIT_BITS + 1 - denominator.bit_length()  # denominators are powers of two
    return numerator << shift if shift >= 0 else round(Fraction(numerator, 1 << -shift))


def total(values: Sequence[float]) -> int:
    """The sum of `units(value)` over at most 2**26 finite doubles, without an integer for each.

    Mantissas are added by exponent, in two halves of at most 27 bits, as doubles: below 2**53 these add
    exactly.

    Raises:
        OverflowError, ValueError: one is not finite.
    """
    if len(values) < _WORTH_AN_ARRAY:
        return sum(map(units, values))
    doubles = np.asarray(values, dtype=np.float64)
    if not np.isfinite(doubles).all():
        raise ValueError("a sum of doubles that are not all finite")
    fractions, exponents = np.frexp(doubles)
    shifts = exponents.astype(np.int64) + (UNIT_BITS - _DIGITS)
    if (small := shifts < 0).any():  # these may round
        return sum(map(units, doubles[small].tolist())) + total(doubles[~small].tolist())
    mantissas = np.ldexp(fractions, _DIGITS)
    highs = np.floor(mantissas / _LOW)
    lows = mantissas - highs * _LOW
    low_sums, high_sums = np.bincount(shifts, lows), np.bincount(shifts, highs)
    return sum(
        (int(high_sums[shift]) * int(_LOW) + int(low_sums[shift])) << shift
        for shift in np.flatnonzero(np.bincount(shifts)).tolist()
    )


def in_ones(sum_: int) -> Fraction:
    """A sum of units as the number that it is."""
    return Fraction(sum_, ONE)


def nearest(number: Fraction | float) -> float:
    """The finite double nearest to `number`: beyond a double's range the largest one."""
    try:
        return float(number)
    except OverflowError:
        return LARGEST if number > 0 else -LARGEST


def real(sum_: int) -> float:
    """The finite double nearest to a sum of units."""
    return nearest(in_ones(sum_))


def ratio(numerator: int, denominator: int) -> float | None:
    """The finite double nearest to the ratio of two sums of one unit, None without a denominator."""
    return nearest(Fraction(numerator, denominator)) if denominator else None
