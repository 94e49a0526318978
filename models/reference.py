"""What a version's inputs were like: the distributions of the features in the rows that it learned from.

A manifest keeps it, a few kilobytes of JSON, and the rows are never asked for again. It is made of the
buckets of `models.histograms`, so that the tallies of any window can be held against it (`models.shapes`);
what the version has learned to live with, in parts of its rows, is no drift.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from msgspec import field
from msgspec.structs import replace

from events.records import Manifest
from events.settings import Settings
from models import counts
from models.confidence import Confidence
from models.histograms import BUCKETS, Histograms, within
from models.shapes import PARTS, Shape, fullest, shaped
from models.stated import Stated

LEAST_PART = 50
"""Rows of a part."""
NARROW = 0.5
"""The share of one bucket from which on a number is narrow."""


class Reference(Stated, frozen=True, omit_defaults=True):
    """A version's."""

    features: dict[str, Shape]
    """By name."""
    fine: dict[str, Shape] = field(default_factory=dict)
    """Of narrow numbers, most of which lie in one bucket: where in it, each part alone."""
    confidence: Confidence | None = None
    """What the manifest's metrics say of its scores; not stated again beside them."""

    @classmethod
    def of(cls, manifest: Manifest) -> Self | None:
        """All that a manifest states; None where that is nothing."""
        learned = cls.found(manifest.reference)
        known = Confidence.found(manifest.metrics.get("confidence"))
        return learned if known is None else replace(learned or cls({}), confidence=known)


def reference(settings: Settings, rows: Sequence[Sequence[Any]]) -> Reference:
    """The reference of a version that learned from `rows`, at least one, in order of time."""
    edges = np.linspace(0, len(rows), _parts(len(rows)) + 1).astype(int).tolist()
    parts = {i: rows[start:end] for i, (start, end) in enumerate(pairwise(edges))}
    size = len(settings.features) * BUCKETS
    found = Histograms(settings).rows(parts)
    tables = np.stack([counts.dense(found[i], size).reshape(-1, BUCKETS) for i in parts])
    fine = within(tables)
    features = list(enumerate(settings.features.items()))
    return Reference(
        {
            name: shaped(tables[:, i], (feature.shape or (1,))[0], numbers=feature.type != "category")
            for i, (name, feature) in features
        },
        {
            name: shaped(fine[:, i], numbers=False)
            for i, (name, _) in features
            if fine[:, i, 1:].any() and fullest(tables[:, i].sum(axis=0)) >= NARROW
        },
    )


def _parts(rows: int) -> int:
    """How many of the smallest there are; one where there are too few rows for parts."""
    return max((many for many in PARTS if rows // many >= LEAST_PART), default=1)
