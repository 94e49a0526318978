"""Sums of doubles that do not depend on the order of adding.

A sum is an integer number of units of 2**-1074, the smallest double: every double is a whole number of them,
so nothing is rounded, however small, and integers add in any order and any grouping. Coarser units would make
shorter integers, but those of 1,100 bits add in about 50 ns, and the zeros that they end with are left out on
the wire (`models.tallies`).
"""

import sys
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

UNIT_BITS = 1074
ONE = 1 << UNIT_BITS
"""1.0 in units."""
LARGEST = sys.float_info.max

_DIGITS = 53  # of a double's mantissa
_HALF = 27
_LOW = (1 << _HALF) - 1
_WORTH_AN_ARRAY = 50


def units(value: float) -> int:
    """A finite double in units.

    Raises:
        OverflowError, ValueError: it is not finite.
    """
    numerator, denominator = value.as_integer_ratio()
    return numerator << UNIT_BITS + 1 - denominator.bit_length()  # denominators are powers of two


def total(values: Sequence[float]) -> int:
    """The sum of `units(value)` over at most 2**26 finite doubles, without an integer for each.

    Raises:
        OverflowError, ValueError: one is not finite.
    """
    if len(values) < _WORTH_AN_ARRAY:
        return sum(map(units, values))
    mantissas, shifts, lowest = _parts(values)
    return _shifted(_sum(mantissas, shifts), lowest)


def total_of_squares(values: Sequence[float]) -> int:
    """The sum of `units(value) ** 2`, as `total`."""
    if len(values) < _WORTH_AN_ARRAY:
        return sum(units(value) ** 2 for value in values)
    mantissas, shifts, lowest = _parts(values)
    shifts = 2 * shifts
    highs, lows = mantissas >> _HALF, mantissas & _LOW
    squares = (
        (_sum(highs * highs, shifts) << 2 * _HALF)
        + (_sum(highs * lows, shifts) << _HALF + 1)
        + _sum(lows * lows, shifts)
    )
    return _shifted(squares, 2 * lowest)


def _parts(values: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Integers of 53 bits, how far each is to be shifted to the left, and all of them after that."""
    doubles = np.asarray(values, dtype=np.float64)
    if not np.isfinite(doubles).all():
        raise ValueError("a sum of doubles that are not all finite")
    fractions, exponents = np.frexp(doubles)
    lowest = int(exponents.min())
    mantissas = np.ldexp(fractions, _DIGITS).astype(np.int64)
    return mantissas, exponents.astype(np.int64) - lowest, lowest - _DIGITS + UNIT_BITS


def _sum(integers: NDArray[np.int64], shifts: NDArray[np.int64]) -> int:
    """The sum of `integers << shifts`, each of at most 54 bits.

    They are added by shift, in two halves, as doubles: below 2**53 these add exactly.
    """
    highs = np.bincount(shifts, integers >> _HALF)
    lows = np.bincount(shifts, integers & _LOW)
    return sum(
        ((int(highs[shift]) << _HALF) + int(lows[shift])) << shift
        for shift in np.flatnonzero(np.bincount(shifts)).tolist()
    )


def _shifted(number: int, places: int) -> int:
    """To the left, or to the right where a mantissa of fewer digits had been filled up with zeros."""
    return number << places if places >= 0 else number >> -places


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
