"""Streams whose drifts are known, as CSV files: river's generators one after the other, abrupt or gradual."""

import csv
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from river.datasets import synth

ROWS, EVERY, WIDTH = 40_000, 10_000, 3_000
"""Rows of a stream, rows between two drifts, and over how many a gradual one goes."""
DRIFTS = tuple(range(EVERY, ROWS, EVERY))


@dataclass(frozen=True)
class World:
    """One stream: its concepts in turn, and over how many rows one gives way to the next."""

    generator: str
    concepts: Sequence[dict[str, Any]]
    width: int = 0
    kind: str = "large"
    """Which of the targets it is for: large, small, gradual or stationary."""

    def rows(self, seed: int) -> Iterator[tuple[dict[str, Any], Any]]:
        """The rows with their labels."""
        made = getattr(synth, self.generator)
        concepts = [iter(made(**given, seed=100 * seed + k)) for k, given in enumerate(self.concepts)]
        chance = random.Random(seed)
        for row in range(ROWS):
            yield next(concepts[self._concept(row, chance)])

    def _concept(self, row: int, chance: random.Random) -> int:
        """Of a gradual drift the middle is at its row: a sigmoid, as river's ConceptDriftStream has it."""
        if len(self.concepts) == 1:
            return 0
        if not self.width:
            return row // EVERY % len(self.concepts)
        drift = min(max(round(row / EVERY), 1), len(DRIFTS))
        new = chance.random() < 1 / (1 + math.exp(-4 * (row - drift * EVERY) / self.width))
        return (drift if new else drift - 1) % len(self.concepts)


def _functions(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{"classification_function": number, **more} for number in numbers]


def _variants(*numbers: int) -> list[dict[str, Any]]:
    return [{"variant": number, "noise": 0.1} for number in numbers]


WORLDS = {
    "sine": World("Sine", _functions(0, 1, 2, 3)),
    "mixed": World("Mixed", _functions(0, 1, 0, 1)),
    "stagger": World("STAGGER", _functions(0, 1, 2, 0)),
    "sea": World("SEA", _variants(0, 2, 1, 3), kind="small"),
    "sine-gradual": World("Sine", _functions(0, 1, 2, 3), WIDTH, "gradual"),
    "mixed-gradual": World("Mixed", _functions(0, 1, 0, 1), WIDTH, "gradual"),
    "sea-gradual": World("SEA", _variants(0, 2, 1, 3), WIDTH, "gradual"),
    "sea-still": World("SEA", _variants(0), kind="stationary"),
    "agrawal-still": World("Agrawal", _functions(1, perturbation=0.1), kind="stationary"),
    "hyperplane-still": World(
        "Hyperplane", [{"n_drift_features": 0, "noise_percentage": 0.1}], kind="stationary"
    ),
}


def written(folder: Path, name: str, seed: int) -> Path:
    """The stream's CSV, made where it is not there yet."""
    path = folder / f"{name}-{seed}.csv"
    if not path.exists():
        rows = WORLDS[name].rows(seed)
        with path.open("w", newline="") as file:
            lines = csv.writer(file)
            for features, label in islice(rows, 1):
                lines.writerow([*features, "label"])
                lines.writerow([*features.values(), int(label)])
            lines.writerows([*features.values(), int(label)] for features, label in rows)
    return path
