"""Rows to learn from: those of a source that have a label and lack nothing that is required."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from events.errors import ScoreloopError
from events.schema import Label, label_key
from events.settings import Settings
from producers.rows import Rows
from producers.typed import typed


@dataclass
class Examples:
    """Rows in order of time, their labels, and the number of each row in its file."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    left_out: int = 0

    def columns(self, settings: Settings) -> dict[str, Sequence[Any]]:
        """The rows as columns; a class by its key, because a column holds one type."""
        features = {
            name: list(values)
            for name, values in zip(settings.features, zip(*self.rows, strict=True), strict=True)
        }
        labels = [label_key(label) for label in self.labels] if settings.classes else self.labels
        return {"#row": self.numbers, **features, "#label": labels}


def examples(settings: Settings, rows: Rows) -> Examples:
    """What can be learned from in `rows`.

    Raises:
        ScoreloopError: a column is missing, a cell is not of its type, or no row is left.
    """
    found = Examples()
    for chunk in typed(settings, rows):
        for position, (row, label) in enumerate(zip(chunk.rows(), chunk.labels, strict=True)):
            if label is None or position in chunk.incomplete:
                found.left_out += 1
            else:
                found.rows.append(row)
                found.labels.append(label)
                found.numbers.append(chunk.first + position)
    if not found.rows:
        raise ScoreloopError(
            f"{rows.name}: none of {len(rows)} rows has a label and every feature that is required"
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
