"""Rows to learn from: those of a source that have a label and lack nothing that is required."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Self

from events.errors import ScoreloopError
from events.schema import Label, label_key
from events.settings import Settings
from models.dataset import Dataset
from producers.rows import Rows
from producers.typed import Broken, typed

_TOLD = 5


@dataclass
class Examples:
    """Rows in order of time, their labels, and the number of each row in its file."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows that are not among these: `unlabelled`, `incomplete` or `broken`."""
    broken: list[str] = field(default_factory=list)
    """What is wrong with broken rows, the first few."""

    def dataset(self, settings: Settings) -> Dataset:
        """The rows as they are looked at before a training."""
        return Dataset(settings, self.rows, self.labels, left_out=self.left_out, broken=self.broken)

    def at(self, positions: Sequence[int]) -> Self:
        """Only the rows at these positions, in their order."""
        return replace(
            self,
            rows=[self.rows[i] for i in positions],
            labels=[self.labels[i] for i in positions],
            numbers=[self.numbers[i] for i in positions],
        )

    def columns(self, settings: Settings) -> dict[str, Sequence[Any]]:
        """The rows as columns; a class by its key, because a column holds one type."""
        features = {
            name: list(values)
            for name, values in zip(settings.features, zip(*self.rows, strict=True), strict=True)
        }
        labels = [label_key(label) for label in self.labels] if settings.classes else self.labels
        return {"#row": self.numbers, **features, "#label": labels}


def examples(settings: Settings, rows: Rows, *, with_broken: bool = False) -> Examples:
    """What can be learned from in `rows`.

    Raises:
        ScoreloopError: a column is missing, no row is left, or a cell is not of its type, unless rows
            `with_broken` cells are to be left out and counted.
    """
    found = Examples()
    broken: Broken | None = {} if with_broken else None
    for chunk in typed(settings, rows, broken=broken):
        for position, (row, label) in enumerate(zip(chunk.rows(), chunk.labels, strict=True)):
            if broken and chunk.first + position in broken:
                found.left_out["broken"] += 1
            elif label is None or position in chunk.incomplete:
                found.left_out["unlabelled" if label is None else "incomplete"] += 1
            else:
                found.rows.append(row)
                found.labels.append(label)
                found.numbers.append(chunk.first + position)
    found.broken += islice((broken or {}).values(), _TOLD)
    if not found.rows:
        raise ScoreloopError(
            f"{rows.name}: none of {len(rows)} rows has a label and every feature that is required"
            + "".join(f"; {one}" for one in found.broken[:1])
        )
    return found


def origin(rows: Rows, seed: int) -> dict[str, Any]:
    """Where rows came from, as a manifest keeps it: a file and its SHA-256, or a generator and its seed."""
    span = {"rows": [rows.span.start, rows.span.stop]}
    if rows.path is None:
        return {"generator": rows.name, "seed": seed, **span}
    with rows.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": rows.name, "file_sha256": digest, **span}
