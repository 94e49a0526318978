"""The sums that a window's figures are made of, exactly.

Real numbers are added as integers: each double is a whole number of units of 2**-1074, the smallest double.
"""

import math
import sys
from collections import Counter
from typing import Protocol

from events.schema import Label, same_label

UNIT_BITS = 1074
ONE = 1 << UNIT_BITS
LARGEST = sys.float_info.max
FLOOR = 1e-15
"""A smaller probability counts as this in the log loss."""


class Sums:
    """The sums over one cell's answers; `loss` and the rest of the real ones in units."""

    __slots__ = (
        "absolute", "answers", "delays", "expired", "label", "label_squared", "labelled", "log_loss", "loss",
        "predictions", "right", "truths", "unfinished",
    )  # fmt: skip

    def __init__(self) -> None:
        self.predictions = self.labelled = self.expired = 0
        self.unfinished = 0
        """Answers that lie behind what the last finish settled."""
        self.loss = self.log_loss = self.absolute = self.label = self.label_squared = 0
        self.delays: Counter[int] = Counter()
        self.truths: Counter[int] = Counter()
        self.answers: Counter[int] = Counter()
        self.right: Counter[int] = Counter()


class Match(Protocol):
    """What a label says of an answer."""

    def add_to(self, sums: Sums) -> None: ...  # noqa: D102 (says its name)


class ClassMatch:
    """A class beside its label, by index; `given` is the probability that the label had."""

    def __init__(self, delay: int, truth: int, answer: int, given: float) -> None:
        self._delay, self._truth, self._answer = rounded(delay), truth, answer
        self._log_loss = units(-math.log(max(given, FLOOR)))

    def add_to(self, sums: Sums) -> None:
        """Count it."""
        sums.delays[self._delay] += 1
        sums.truths[self._truth] += 1
        sums.answers[self._answer] += 1
        sums.log_loss += self._log_loss
        if self._truth == self._answer:
            sums.right[self._truth] += 1
        else:
            sums.loss += ONE


class NumberMatch:
    """A number beside its label."""

    def __init__(self, delay: int, answer: float, label: float) -> None:
        self._delay, self._label = rounded(delay), units(label)
        self._loss = units(loss_of(answer, label, regression=True))
        self._absolute = units(min(abs(answer - label), LARGEST))

    def add_to(self, sums: Sums) -> None:
        """Count it."""
        sums.delays[self._delay] += 1
        sums.loss += self._loss
        sums.absolute += self._absolute
        sums.label += self._label
        sums.label_squared += self._label**2


def loss_of(prediction: Label, label: Label, *, regression: bool) -> float:
    """The contract's loss: 0 or 1, or the squared error, the largest double where that is beyond one."""
    if not regression:
        return float(not same_label(prediction, label))
    error = float(prediction) - float(label)
    return min(error * error, LARGEST)


def units(value: float) -> int:
    """A finite double in units."""
    numerator, denominator = value.as_integer_ratio()  # the denominator is a power of two
    return numerator << (UNIT_BITS + 1 - denominator.bit_length())


def rounded(delay: int) -> int:
    """A delay rounded up to two significant digits; a negative one is 0."""
    delay = max(0, delay)
    unit: int = 10 ** max(0, len(str(delay)) - 2)
    return -(-delay // unit) * unit
