"""Golden rows: a few rows with a version's answers to them, kept in its manifest.

Who loads the version answers them first, and does not serve with it if it answers otherwise: another build of
a package, another machine, or an artefact that is not what was registered.
"""

import math
from collections.abc import Sequence
from typing import Any

from events.errors import ScoreloopError
from events.schema import Features
from models.frame import Row
from models.scoring import Answer, Version

ROWS = 8
TOLERANCE = 1e-9
"""How far answers to the same row may be apart, and relative to the larger; on another machine they are not
the same bit for bit."""

Golden = list[dict[str, Any]]


class GoldenError(ScoreloopError):
    """A version does not answer as it did when it was registered."""


def golden(version: Version, features: Features, rows: Sequence[Row]) -> Golden:
    """At most `ROWS` of `rows`, evenly spaced, with the answers of `version`; JSON."""
    chosen = rows[:: -(-len(rows) // ROWS)] if rows else []
    return [
        {"features": dict(zip(features, row, strict=True)), **answer._asdict()}
        for row, answer in zip(chosen, version.scored(chosen) if chosen else [], strict=True)
        if isinstance(answer, Answer)
    ]


def golden_rows(stated: Golden | None, features: Features) -> list[tuple[Any, ...]]:
    """The rows of golden answers, none where these are not of this schema."""
    try:
        return [tuple(one["features"][name] for name in features) for one in stated or []]
    except (KeyError, TypeError):
        return []


def check(version: Version, features: Features, stated: Golden | None) -> None:
    """Hold the answers of `version` against those that its manifest has, where it has any.

    Raises:
        GoldenError: one differs.
    """
    if not stated:
        return
    try:
        rows = [[one["features"][name] for name in features] for one in stated]
        same = [_same(one, answer) for one, answer in zip(stated, version.scored(rows), strict=True)]
    except (KeyError, TypeError, AttributeError):
        raise GoldenError(
            f"version {version.number}: its manifest's golden rows are not of this schema; not used"
        ) from None
    if not all(same):
        raise GoldenError(
            f"version {version.number} answers {same.count(False)} of its manifest's {len(same)} golden rows "
            "otherwise than when it was registered; not used: compare the packages with its `environment`"
        )


def _same(stated: dict[str, Any], answer: object) -> bool:
    if not isinstance(answer, Answer):
        return False
    if (known := answer.probabilities) is None:
        return _close(stated["prediction"], answer.prediction)
    told = stated["probabilities"]
    return told.keys() == known.keys() and all(_close(told[key], known[key]) for key in known)


def _close(one: Any, other: Any) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
