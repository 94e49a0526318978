"""What may be wrong with one feature: it tells too much, or nothing, or is not as it was."""

from collections.abc import Iterator, Sequence

from events.settings import Data
from models.dataset_columns import Column
from models.dataset_flaw import Flaw, over
from models.dataset_relations import Pair
from models.dataset_survey import Survey
from models.finding import percent

SUSPECT, _SUSPECT_ABSENCE = 0.95, 0.5
"""Skills from which a feature, or its absence, is suspected of being known only with the label."""
_MISSING, _LATE, _TWINS = 0.5, 0.01, 0.99
"""Figures from which something is told of without a limit."""


def leaks(limits: Data, found: Survey) -> Iterator[Flaw]:
    """Features that may be known only with the label."""
    advice = "if it is known only with the label, take it out of [features]"
    for name, skill in found.skills.items():
        how = (
            "is the label by other names"
            if skill.same
            else f"alone tells {percent(skill.alone or 0)} of the label"
        )
        yield from over(
            limits, "most_leakage", skill.alone or 0.0, SUSPECT, "warning", kind="leakage", feature=name,
            words=f"{name} {how}", advice=advice,
        )  # fmt: skip
        yield from over(
            limits, "most_leakage", skill.by_absence or 0.0, _SUSPECT_ABSENCE, "warning", kind="leakage",
            feature=name,
            words=f"whether {name} is missing tells {percent(skill.by_absence or 0)} of the label",
            advice=advice,
        )  # fmt: skip


def column(limits: Data, one: Column) -> Iterator[Flaw]:
    """What its values show by themselves."""
    empty = one.missing == 1
    yield from over(
        limits, "most_missing", one.missing, _MISSING, "warning" if empty else "notice",
        kind="completeness", feature=one.name,
        words=f"{one.name} is missing in {'all' if empty else percent(one.missing) + ' of the'} rows",
        advice="see why it does not come, or take it out of [features]",
    )  # fmt: skip
    if one.distinct == 1 and not one.missing:
        yield Flaw(
            "notice", "accuracy", one.name, 1.0, f"{one.name} has the same value in all rows",
            "nothing is learned from it: see whether its source is stuck, or take it out of [features]",
        )  # fmt: skip
    if one.placeholder is not None:
        yield Flaw(
            "warning", "accuracy", one.name, 1.0,
            f"{one.name} is {one.placeholder:g} in many rows, far from all others",
            "if that stands for a value that is not known, send null and make it nullable",
        )  # fmt: skip
    if one.after is not None and one.after >= _LATE:
        yield Flaw(
            "notice", "leakage", one.name, one.after,
            f"{one.name} is a time after its event in {percent(one.after)} of the rows that have it",
            "if it is not fixed beforehand, it is known only later: take it out of [features]",
        )  # fmt: skip
    if late := {value: share for value, share in (one.late or {}).items() if share >= _LATE}:
        named = ", ".join(f"{value!r:.60} ({percent(share)})" for value, share in late.items())
        yield Flaw(
            "warning", "consistency", one.name, max(late.values()),
            f"{one.name} has values in the newest rows that no row before has: {named}",
            "see whether names have changed; little is learned of what is new",
        )  # fmt: skip


def moved(found: Survey) -> Iterator[Flaw]:
    """Features that are not as they were, beside those with new values."""
    late = {one.name for one in found.columns if one.late}
    for one in found.moved:
        if one.feature not in late:
            yield Flaw(
                "notice", "consistency", one.feature, one.distance, f"in the newest rows {one.words}",
                "the world may have changed: of newer rows alone more may be learned",
            )  # fmt: skip


def twins(pairs: Sequence[Pair]) -> Iterator[Flaw]:
    """Features that say the same."""
    for pair in pairs:
        if abs(pair.value) >= _TWINS:
            yield Flaw(
                "notice", "redundancy", pair.a, abs(pair.value),
                f"{pair.a} and {pair.b} say the same ({pair.by} {pair.value:.3f})", "one of the two will do",
            )  # fmt: skip
