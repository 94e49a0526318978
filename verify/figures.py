"""Sums → the contract's figures, each the double nearest to what exact arithmetic gives."""

import math
from collections.abc import Iterable
from fractions import Fraction

from events.records import Metric
from verify.sums import LARGEST, ONE, Sums

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""How far a mean may be from its recomputation."""

Figures = dict[str, int | float | None]
_BOTH = 2


def figures(sums: Sums, classes: int, positive: int) -> Figures:
    """Every figure of a window by its name in `metrics`; `classes` is 0 for a regression."""
    labelled, predictions = sums.labelled, sums.predictions
    unknown = (predictions - labelled) * ONE
    bounded = classes and labelled
    return {
        "predictions": predictions,
        "labelled": labelled,
        "expired": sums.expired,
        "coverage": _ratio(labelled, predictions),
        "error": _ratio(sums.loss, labelled * ONE),
        "error_low": _ratio(sums.loss, predictions * ONE) if bounded else None,
        "error_high": _ratio(sums.loss + unknown, predictions * ONE) if bounded else None,
        "label_delay_p50_ms": _quantile(sums, 50),
        "label_delay_p99_ms": _quantile(sums, 99),
        **(_of_classes(sums, classes, positive) if classes else _of_numbers(sums)),
    }


def published(metric: Metric) -> Figures:
    """The same figures as a record of `metrics` says them."""
    fields = metric.model_dump(include=set(_OUTSIDE_VALUES))
    return {**fields, **{f"values.{name}": value for name, value in metric.values.items()}}


def agree(expected: float | None, found: float | None) -> bool:
    """Whether a published figure is the recomputed one: counts exactly, means closely."""
    if expected is None or found is None or isinstance(expected, int):
        return expected is found or expected == found
    return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _of_classes(sums: Sums, classes: int, positive: int) -> Figures:
    """With two classes of the positive one, with more the mean over the classes that have the figure."""
    spoken_of = [positive] if classes == _BOTH else list(range(classes))
    right, answers, truths = sums.right, sums.answers, sums.truths
    return {
        "values.accuracy": _ratio(right.total(), sums.labelled),
        "values.precision": _mean(_ratio(right[k], answers[k]) for k in spoken_of),
        "values.recall": _mean(_ratio(right[k], truths[k]) for k in spoken_of),
        "values.f1": _mean(_ratio(2 * right[k], answers[k] + truths[k]) for k in spoken_of),
        "values.log_loss": _ratio(sums.log_loss, sums.labelled * ONE),
    }


def _of_numbers(sums: Sums) -> Figures:
    count = sums.labelled
    mse = _ratio(sums.loss, count * ONE)
    spread = count * sums.label_squared - sums.label**2  # count² times the variance, in units of units
    unexplained = _ratio(sums.loss * count * ONE, spread)
    return {
        "values.mse": mse,
        "values.mae": _ratio(sums.absolute, count * ONE),
        "values.rmse": None if mse is None else math.sqrt(mse),
        "values.r2": None if unexplained is None else 1 - unexplained,
    }


def _ratio(numerator: int, denominator: int) -> float | None:
    if not denominator:
        return None
    try:
        return float(Fraction(numerator, denominator))
    except OverflowError:
        return LARGEST


def _mean(known: Iterable[float | None]) -> float | None:
    values = [value for value in known if value is not None]
    return math.fsum(values) / len(values) if values else None


def _quantile(sums: Sums, percent: int) -> int | None:
    """Nearest rank: the smallest delay that at least `percent` of the labels did not exceed."""
    rank = -(-percent * sums.labelled // 100)
    for delay in sorted(sums.delays):
        rank -= sums.delays[delay]
        if rank <= 0:
            return delay
    return None


_OUTSIDE_VALUES: tuple[str, ...] = tuple(
    name for name in figures(Sums(), 0, 0) if not name.startswith("values.")
)
