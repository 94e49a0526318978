"""Rows from river's generators: data whose rule is known, and as much of it as one likes."""

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from itertools import islice
from typing import Any

import pyarrow as pa

from events.errors import ScoreloopError
from producers.chunks import CHUNK_ROWS, Batch

LABEL = "label"
"""The label's column in generated rows."""

GENERATORS = {
    "agrawal": "Agrawal",
    "concept-drift": "ConceptDriftStream",
    "friedman": "Friedman",
    "friedman-drift": "FriedmanDrift",
    "hyperplane": "Hyperplane",
    "led": "LED",
    "led-drift": "LEDDrift",
    "mixed": "Mixed",
    "mv": "Mv",
    "planes-2d": "Planes2D",
    "random-rbf": "RandomRBF",
    "random-rbf-drift": "RandomRBFDrift",
    "random-tree": "RandomTree",
    "sea": "SEA",
    "sine": "Sine",
    "stagger": "STAGGER",
    "waveform": "Waveform",
}
"""Our names for the generators of `river.datasets.synth` that never end and have one label."""


class SynthRows:
    """The first `total` rows of a generator with a seed: the same rows each time.

    Raises:
        ScoreloopError: there is no generator of this name.
    """

    typed = True

    def __init__(self, name: str, seed: int, total: int) -> None:
        if name not in GENERATORS:
            close = get_close_matches(name, GENERATORS, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise ScoreloopError(f"no generator is called {name!r}; {hint}there are {', '.join(GENERATORS)}")
        self._name, self._seed = name, seed
        self.total = total
        self.columns = tuple(next(self._rows()))

    def batches(self, first: int) -> Iterator[tuple[int, Batch]]:
        """Batches of typed columns. Rows before `first` are generated and passed over."""
        rows = islice(self._rows(), first, self.total)
        while batch := list(islice(rows, CHUNK_ROWS)):
            yield first, pa.RecordBatch.from_pylist(batch)
            first += len(batch)

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Rows from the first one on: a new generator, because some go on where they were."""
        generator = getattr(import_module("river.datasets.synth"), GENERATORS[self._name])
        seeds = [name for name in inspect.signature(generator).parameters if name.startswith("seed")]
        for features, label in generator(**dict.fromkeys(seeds, self._seed)):
            yield {**{_named(key): value for key, value in features.items()}, LABEL: label}


def _named(key: int | str) -> str:
    return key if isinstance(key, str) else f"x{key}"
