"""What may be wrong with rows as a whole: too few, broken, repeated, contradictory, of one class, old."""

from collections.abc import Iterator

from events.durations import written
from events.settings import Data, Settings
from models.dataset_flaw import Flaw, over
from models.dataset_survey import Survey
from models.finding import percent

_REPEATED, _CONTRADICTED, _RARE, _NEAR_HORIZON = 0.01, 0.01, 0.01, 0.9
"""Shares from which, or below which, something is told of without a limit."""


def sizes(limits: Data, found: Survey) -> Iterator[Flaw]:
    """Too few rows, and those of the source that are not among them."""
    repeated = round(found.repeats * found.rows) if limits.repeats == "leave-out" else 0
    if (rows := found.rows - repeated) < limits.least_rows:
        yield Flaw(
            "stops", "completeness", None, 1.0, f"there are only {rows} labelled rows to learn from",
            "give more rows, or wait for more labels", f"least_rows = {limits.least_rows}",
        )  # fmt: skip
    if broken := found.left_out.get("broken", 0):
        yield from over(
            limits, "most_broken", broken / found.read, 0.0, "warning", kind="accuracy", feature=None,
            words=f"{broken} of {found.read} rows cannot be read ({found.broken[0]})",
            advice="correct the cells, or the type in [features]",
        )  # fmt: skip
    unlabelled = found.left_out.get("unlabelled", 0)
    if unlabelled > found.rows:
        yield Flaw(
            "notice", "completeness", None, unlabelled / found.read,
            f"{unlabelled} of {found.read} rows have no label", "see why most labels do not come",
        )  # fmt: skip
    if incomplete := found.left_out.get("incomplete", 0):
        yield Flaw(
            "notice", "completeness", None, incomplete / found.read,
            f"{incomplete} of {found.read} rows lack a feature that is not nullable and are left out",
            "a scorer refuses such events: make the feature nullable if they come",
        )  # fmt: skip


def repeated(limits: Data, found: Survey) -> Iterator[Flaw]:
    """Rows that come again."""
    kept = 'where it is one event twice, set [data] repeats = "leave-out"'
    yield from over(
        limits, "most_repeats", found.repeats, _REPEATED, "notice", kind="consistency", feature=None,
        words=f"{percent(found.repeats)} of the rows are repeats, the same features with the same label",
        advice=kept if limits.repeats == "keep" else "they are left out",
    )  # fmt: skip
    yield from over(
        limits, "most_contradictions", found.contradictions, _CONTRADICTED, "warning", kind="consistency",
        feature=None,
        words=f"{percent(found.contradictions)} of the rows have another row's features and another label",
        advice="look whether labels are wrong or have changed, or whether a feature is lacking that tells",
    )  # fmt: skip


def labels(limits: Data, found: Survey) -> Iterator[Flaw]:
    """Rare classes, and labels that teach nothing."""
    share, limit = min(found.classes.values(), default=1.0), limits.least_minority_share
    rarest = min(found.classes, key=lambda name: found.classes[name], default="")
    words = f"{percent(share)} of the rows have the label {rarest!r}"
    advice = "give more rows of it, and look at recall in place of the error"
    constant = bool(found.targets) and found.targets[0] == found.targets[-1]
    if limit is not None and share < limit:
        told = f"least_minority_share = {limit:g}"
        yield Flaw("stops", "balance", None, 1 - share, words, advice, told)
    elif constant or 1.0 in found.classes.values():
        words = "all rows have the same label"
        yield Flaw("warning", "balance", None, 1.0, words, "nothing is learned from them: give others")
    elif share < _RARE:
        yield Flaw("notice", "balance", None, 1 - share, words, advice)


def times(settings: Settings, found: Survey) -> Iterator[Flaw]:
    """Old rows, and labels that come late."""
    if found.times is None:
        return
    age, delay = found.times.age_ms, found.times.delay_p99_ms
    oldest = settings.data.most_age
    if oldest is not None and age > oldest:
        yield Flaw(
            "stops", "timeliness", None, 1.0, f"the newest labelled event is {age // 1000:,} s old",
            "see why no labels come, or raise the limit", f'most_age = "{written(oldest)}"',
        )  # fmt: skip
    horizon = settings.labels.horizon
    if delay is not None and delay >= _NEAR_HORIZON * horizon:
        yield Flaw(
            "notice", "timeliness", None, delay / horizon,
            f"labels come as late as [labels] horizon = {written(horizon)!r}",
            "those that come later are lost: look at coverage, or raise the horizon",
        )  # fmt: skip
