"""The contract's figures, each from sums, so that any part of a stream's events can be added up.

With two classes precision, recall and F1 speak of the positive class; with more they are means over the
classes that have the figure. A figure without a denominator is None.
"""

import math
from collections.abc import Iterable, Sequence

Figures = dict[str, float | None]
Confusion = Sequence[Sequence[int]]
"""`confusion[label][prediction]`: how many events, by index of class."""

FLOOR = 1e-15
"""A probability below this counts as this much in the log loss."""

_TWO = 2


def ratio(numerator: float, denominator: float) -> float | None:
    """`numerator / denominator`, or None without a denominator."""
    return numerator / denominator if denominator else None


def log_loss(probability: float) -> float:
    """The log loss of one event, from the probability that its label had been given."""
    return -math.log(max(probability, FLOOR)) + 0.0  # + 0.0: no negative zero


def classification(confusion: Confusion, log_loss_sum: float, positive: int) -> Figures:
    """`accuracy`, `precision`, `recall`, `f1` and `log_loss` of the events counted in `confusion`.

    `log_loss_sum` is the sum of their log losses, `positive` the index of the positive class.
    """
    classes = range(len(confusion))
    labels = [sum(row) for row in confusion]
    answers = [sum(row[k] for row in confusion) for k in classes]
    right = [confusion[k][k] for k in classes]
    spoken_of = [positive] if len(confusion) == _TWO else classes
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


def regression(count: int, squared: float, absolute: float, total: float, squares: float) -> Figures:
    """`mse`, `mae`, `rmse` and `r2` of `count` events.

    `squared` and `absolute` are the sums of the errors' squares and absolute values; `total` and `squares`
    those of the labels and their squares, taken about any origin: one near the labels keeps the digits.
    """
    mse = ratio(squared, count)
    unexplained = ratio(squared * count, count * squares - total * total)
    return {
        "mse": mse,
        "mae": ratio(absolute, count),
        "rmse": None if mse is None else math.sqrt(mse),
        "r2": None if unexplained is None else 1 - unexplained,
    }
