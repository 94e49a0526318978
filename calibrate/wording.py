"""Figures as the document says them."""

import math
from collections.abc import Iterable, Sequence
from statistics import median

from scipy.special import betaincinv

from calibrate.alarms import CONFIDENCE, Alarms


def rate(found: Alarms) -> str:
    """False alarms in 10,000 labelled events, and their upper bound."""
    return f"{found.rate:.2f} (≤ {found.upper:.2f})"


def share(of: int, total: int) -> str:
    """A percentage, and Clopper's and Pearson's upper bound."""
    upper = float(betaincinv(of + 1, total - of, CONFIDENCE)) if of < total else 1.0
    return f"{percent(of, total)} (≤ {upper:.1%})"


def percent(of: int, total: int) -> str:
    """A percentage."""
    return f"{of / total:.1%}"


def late(delays: Iterable[int | None]) -> float:
    """The median delay; what was missed counts as endlessly late."""
    return median(math.inf if delay is None else delay for delay in delays)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
