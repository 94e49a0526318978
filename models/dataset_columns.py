"""Each feature by itself: what is missing, its range or its commonest values, and what came late."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from models.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd

_MOST_COMMON = 5
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
_FAR = 5
"""Quartile distances beyond the quartiles."""
_NEAR_MS = 10 * 365 * 86_400_000
_LEAST_PLACEHOLDER = 0.005
"""Share of the rows at one far value from which it is no outlier but a placeholder."""


class Column(Struct, frozen=True):
    """One column of the frame: a feature, or one number of an array."""

    name: str
    type: str
    missing: float
    """Share of the rows."""
    distinct: int
    quantiles: list[float] | None = None
    """Least, quartiles and greatest, of numbers."""
    far: float | None = None
    """The share of rows beyond the quartiles by more than five times their distance."""
    placeholder: float | None = None
    """The least or the greatest value, far away and in many rows: `-999` for "not known"."""
    after: float | None = None
    """Of numbers that are times near those of their events: the share of them that are later."""
    common: dict[str, float] | None = None
    """The commonest values of a category, with the share of rows."""
    late: dict[str, float] | None = None
    """Of a category those values that are in the newest rows and in no other, with their share there."""


def columns(dataset: Dataset) -> Iterator[Column]:
    """Those of the frame, in its order."""
    types = {name: feature.type for name, feature in dataset.settings.features.items()}
    for name, values in dataset.frame.items():
        known = values.dropna()
        kind = types.get(str(name), "number")
        if kind == "category":
            facts = _category(values, dataset.newest, dataset.newest.start)
        else:
            facts = _number(known.to_numpy(np.float64), len(values))
            facts["after"] = _after(values.to_numpy(np.float64), dataset.ts)
        yield Column(str(name), kind, 1 - len(known) / len(values), known.nunique(), **facts)


def _number(known: Any, rows: int) -> dict[str, Any]:
    if not len(known):
        return {}
    quantiles = np.quantile(known, _QUANTILES).tolist()
    low, quarter, _, third, high = quantiles
    reach = _FAR * (third - quarter)
    far = (known < quarter - reach) | (known > third + reach)
    ends = {
        end: int((known == end).sum()) for end in (low, high) if not quarter - reach <= end <= third + reach
    }
    often = [end for end, count in ends.items() if reach and count >= max(2, _LEAST_PLACEHOLDER * rows)]
    finite = [q if math.isfinite(q) else None for q in quantiles]
    return {
        "quantiles": finite,
        "far": float(far.mean()),
        "placeholder": max(often, key=lambda end: ends[end], default=None),
    }


def _after(values: Any, ts: Sequence[int]) -> float | None:
    """None where the rows have no times, or the values are none: seconds or milliseconds since the epoch."""
    known = ~np.isnan(values)
    if not len(ts) or not known.any():
        return None
    events = np.array(ts, dtype=np.float64)[known]
    for unit in (1, 1_000):
        times = values[known] * unit
        if (abs(times - events) < _NEAR_MS).all():
            return float((times > events).mean())
    return None


def _category(values: "pd.Series[Any]", newest: slice, before: int) -> dict[str, Any]:
    shares = values.value_counts(normalize=True)
    now = values.iloc[newest].value_counts() / max(len(values) - before, 1)
    late = now[~now.index.isin(values.iloc[:before].unique())]
    return {"common": _shares(shares), "late": _shares(late)}


def _shares(shares: "pd.Series[float]") -> dict[str, float]:
    return {str(value): float(share) for value, share in shares.head(_MOST_COMMON).items()}
