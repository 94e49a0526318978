"""The contract's figures, each from sums, so that any part of a stream's events can be added up.

With two classes precision, recall and F1 speak of the positive class; with more they are means over the
classes that have the figure. A figure without a denominator is None.

A sum is a double, or a Fraction: then each figure is the double nearest to what the exact sums make it.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from models.exact import LARGEST, nearest

Figures = dict[str, float | None]
Sum = float | Fraction
Confusion = Sequence[Sequence[int]]
"""`confusion[label][prediction]`: how many events, by index of class."""

FLOOR = 1e-15
"""A probability below this counts as this much in the log loss."""

_TWO = 2


def ratio(numerator: Sum, denominator: Sum) -> float | None:
    """`numerator / denominator`, or None without a denominator."""
    return nearest(numerator / denominator) if denominator else None


def log_loss(probability: float) -> float:
    """The log loss of one event, from the probability that its label had been given."""
    clipped = probability if probability > FLOOR else FLOOR  # noqa: FURB136 (max takes as long as the rest)
    return -math.log(clipped) + 0.0  # + 0.0: no negative zero


def squared_error(prediction: float, label: float) -> float:
    """The loss of one number, the largest double where its square is beyond that."""
    error = prediction - label
    return min(error * error, LARGEST)


def absolute_error(prediction: float, label: float) -> float:
    """The absolute error of one number, the largest double where it is beyond that."""
    return min(abs(prediction - label), LARGEST)


def classification(confusion: Confusion, log_loss_sum: Sum, positive: int) -> Figures:
    """`accuracy`, `precision`, `recall`, `f1` and `log_loss` of the events counted in `confusion`.

    `log_loss_sum` is the sum of their log losses, `positive` the index of the positive class.
    """
    classes = range(len(confusion))
    labels = [sum(row) for row in confusion]
    answers = [sum(row[k] for row in confusion) for k in classes]
    right = [confusion[k][k] for k in classes]
    return classification_from_counts(labels, answers, right, log_loss_sum=log_loss_sum, positive=positive)


def classification_from_counts(
    labels: Sequence[int], answers: Sequence[int], right: Sequence[int], *, log_loss_sum: Sum, positive: int
) -> Figures:
    """The same from each class's number of labels, of answers and of right answers, by index."""
    classes = range(len(labels))
    spoken_of = [positive] if len(labels) == _TWO else classes
    return {
        "accuracy": ratio(sum(right), sum(labels)),
        "precision": _mean(ratio(right[k], answers[k]) for k in spoken_of),
        "recall": _mean(ratio(right[k], labels[k]) for k in spoken_of),
        "f1": _mean(ratio(2 * right[k], labels[k] + answers[k]) for k in spoken_of),
        "log_loss": ratio(log_loss_sum, sum(labels)),
    }


def _mean(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return ratio(math.fsum(known), len(known))


def regression(count: int, squared: Sum, absolute: Sum, total: Sum, squares: Sum) -> Figures:
    """`mse`, `mae`, `rmse` and `r2` of `count` events.

    `squared` and `absolute` are the sums of the errors' squares and absolute values; `total` and `squares`
    those of the labels and their squares, taken about any origin: one near the labels keeps the digits.
    """
    mse = ratio(squared, count)
    spread = count * squares - total * total
    return {
        "mse": mse,
        "mae": ratio(absolute, count),
        "rmse": None if mse is None else math.sqrt(mse),
        "r2": nearest(1 - squared * count / spread) if spread else None,
    }
