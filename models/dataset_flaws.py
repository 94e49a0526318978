"""What is wrong with rows that are to be learned from, the worst first, and what a manifest keeps of it."""

from collections.abc import Sequence
from typing import Any

from events.settings import Settings
from models.dataset_column_checks import column, leaks, moved, twins
from models.dataset_flaw import ORDER, Flaw
from models.dataset_relations import Pair
from models.dataset_row_checks import labels, repeated, sizes, times
from models.dataset_survey import Survey

_SHORT = 10
"""Flaws that a manifest keeps."""


def flaws(settings: Settings, found: Survey, pairs: Sequence[Pair] = ()) -> list[Flaw]:
    """Those of the rows that were surveyed, the worst first."""
    limits = settings.data
    listed = [
        *sizes(limits, found), *repeated(limits, found), *labels(limits, found), *leaks(limits, found),
        *(flaw for one in found.columns for flaw in column(limits, one)),
        *times(settings, found), *moved(found), *twins(pairs),
    ]  # fmt: skip
    return sorted(listed, key=lambda flaw: (ORDER.index(flaw.severity), -flaw.figure))


def short(found: Survey, listed: Sequence[Flaw]) -> dict[str, Any]:
    """What a manifest keeps of it; JSON."""
    told = {name: skill.alone for name, skill in found.skills.items() if skill.alone is not None}
    most = max(told, key=lambda name: told[name], default=None)
    return {
        "rows": found.rows,
        "left_out": found.left_out,
        "repeats": found.repeats,
        "contradictions": found.contradictions,
        "missing": max((one.missing for one in found.columns), default=0.0),
        "minority_share": min(found.classes.values(), default=None),
        "leakage": None if most is None else {"feature": most, "skill": told[most]},
        "flaws": [flaw.words for flaw in listed[:_SHORT]],
    }
