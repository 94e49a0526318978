"""Streams of losses, each drawn from a seed of its own: with a change, or without any."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ERROR = 0.20
"""The mean loss where nothing is wrong."""
EVENTS = 10_000
"""Of a stream; a change comes in its middle."""
MISSING = 0.3
"""The share of events whose label never comes, of the streams that lack some."""
CORRELATION = 0.3
"""Of one loss with the next, of the streams that are autocorrelated."""
KINDS = ("independent", "missing", "autocorrelated")

Losses = NDArray[np.bool_]


class Cohort(NamedTuple):
    """The labelled events of a bucket, as the loop gives them to a detector."""

    labels: int
    total: int


def null(kind: str, number: int, events: int = EVENTS) -> tuple[Losses, Losses]:
    """The `number`-th stream without a change: its losses, and which of them have labels."""
    chance = np.random.default_rng([KINDS.index(kind), number])
    losses = chance.random(events) < ERROR
    if kind == "autocorrelated":
        repeats = chance.random(events) < CORRELATION
        repeats[0] = False
        losses = losses[np.maximum.accumulate(np.where(repeats, 0, np.arange(events)))]
    labelled = chance.random(events) >= MISSING if kind == "missing" else np.ones(events, np.bool_)
    return losses, labelled


def changed(error: float, number: int, change: int, events: int) -> tuple[Losses, Losses]:
    """The `number`-th stream whose mean loss rises to `error` after `change` events; all have labels."""
    chance = np.random.default_rng([len(KINDS), round(error * 100), number])
    rates = np.where(np.arange(events) < change, ERROR, error)
    return chance.random(events) < rates, np.ones(events, np.bool_)


def cohorts(losses: Losses, labelled: Losses, size: int) -> Sequence[Cohort]:
    """Each `size` events in a row: those that have labels; none are left out for having no label."""
    edges = np.arange(0, len(losses), size)
    counts, totals = (np.add.reduceat(of.astype(int), edges) for of in (labelled, losses & labelled))
    return [Cohort(labels, total) for labels, total in zip(counts.tolist(), totals.tolist(), strict=True)]
