"""What a training should know of its rows before it learns from them: facts, without a judgement."""

from collections.abc import Callable
from math import ceil
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from events.schema import label_key
from models import counts
from models.data_quality import data_quality
from models.dataset import Dataset
from models.dataset_columns import Column, columns
from models.dataset_repeats import repeats
from models.dataset_skill import Skill, skill
from models.feature_drift import feature_drift
from models.histograms import BUCKETS, Histograms
from models.reference import reference
from models.two_samples import discoveries


class Times(Struct, frozen=True):
    """When the rows happened, in milliseconds, and how long their labels took."""

    from_ts: int
    to_ts: int
    age_ms: int
    """From the newest event to when the rows are looked at."""
    delay_p50_ms: int | None
    delay_p99_ms: int | None


class Moved(Struct, frozen=True):
    """A feature whose newest rows are not as those before: no chance, and larger than what is usual."""

    feature: str
    distance: float
    words: str


class Survey(Struct, frozen=True):
    """Of one dataset. Shares are of its rows."""

    rows: int
    left_out: dict[str, int]
    broken: list[str]
    repeats: float
    """Rows whose features and label an earlier row has."""
    contradictions: float
    """Rows whose features another row has with another label."""
    columns: list[Column]
    skills: dict[str, Skill]
    """Column → what it tells of the label; of the first 200 columns."""
    classes: dict[str, float]
    """Class → share, none for a regression."""
    targets: list[float]
    """Least, median and greatest label of a regression."""
    times: Times | None
    moved: list[Moved]

    @property
    def read(self) -> int:
        """Rows of the source, those left out too."""
        return self.rows + sum(self.left_out.values())

    def stated(self) -> dict[str, Any]:
        """JSON."""
        stated: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        stated["skills"] = {name: one._asdict() for name, one in self.skills.items()}
        return stated


def steps(dataset: Dataset) -> int:
    """How much `survey` has to do, as it tells of it."""
    return dataset.coded.shape[1]


def survey(dataset: Dataset, now: int, tell: Callable[[int], None] = lambda _: None) -> Survey:
    """The facts of at least one row, as they are at `now`; `tell` hears of each step of `steps`.

    Raises:
        ScoreloopError: a label is no class, or no number.
    """
    found = repeats(dataset)
    classes = dataset.settings.classes
    counted = np.bincount(dataset.targets, minlength=len(classes)).tolist() if classes else []
    return Survey(
        rows=len(dataset.rows),
        left_out=dict(dataset.left_out),
        broken=list(dataset.broken),
        repeats=float(found.again.mean()),
        contradictions=float(found.contradicted.mean()),
        columns=list(columns(dataset)),
        skills=_skills(dataset, tell),
        classes={
            label_key(one): count / len(dataset.rows) for one, count in zip(classes, counted, strict=True)
        },
        targets=[] if classes else np.quantile(dataset.targets, [0, 0.5, 1]).tolist(),
        times=_times(dataset, now),
        moved=_moved(dataset),
    )


def _skills(dataset: Dataset, tell: Callable[[int], None]) -> dict[str, Skill]:
    coded, targets = dataset.coded.iloc[dataset.sample], dataset.targets[dataset.sample]
    found = {}
    for done, (name, column) in enumerate(coded.items(), 1):
        found[str(name)] = skill(column.to_numpy(), targets, classes=bool(dataset.settings.classes))
        tell(done)
    return found


def _times(dataset: Dataset, now: int) -> Times | None:
    if not dataset.ts:
        return None
    delays = sorted(
        known - ts for known, ts in zip(dataset.label_ts, dataset.ts, strict=bool(dataset.label_ts))
    )
    ranks = [delays[ceil(rank * len(delays)) - 1] if delays else None for rank in (0.5, 0.99)]
    return Times(dataset.ts[0], dataset.ts[-1], now - dataset.ts[-1], *ranks)


def _moved(dataset: Dataset) -> list[Moved]:
    """What the monitor would have warned of in the newest rows, of a version that learned from the others."""
    settings, watch = dataset.settings, dataset.settings.drift
    older, newer = dataset.rows[: dataset.newest.start], dataset.rows[dataset.newest]
    if min(len(older), len(newer)) < watch.least_rows:
        return []
    known = reference(settings, older)
    counted = counts.dense(Histograms(settings).rows({0: newer})[0], len(settings.features) * BUCKETS)
    tables = dict(zip(settings.features, counted.reshape(-1, BUCKETS), strict=True))
    findings = [
        *data_quality(known, tables, watch.least_effect),
        *feature_drift(settings.features, known, tables, watch.least_effect),
    ]
    told = discoveries([one.found.p for one in findings], watch.false_discovery)
    odd = {one.feature: one for one, is_told in zip(findings, told, strict=True) if is_told and one.matters}
    return [Moved(str(name), one.found.distance, one.words) for name, one in odd.items()]
