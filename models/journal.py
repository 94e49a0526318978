"""What a search has found so far, kept while it runs: one that was ended in its midst goes on from there."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from models.problem import Candidate, Problem
from models.registry import Registry

Positions = NDArray[np.intp]
Losses = tuple[int | float, float] | str
"""What one fold found: the summed loss and tie-breaker, or why the candidate could not be trained."""
_Found = dict[str, list[Losses]]
_FOUND = TypeAdapter(_Found)


class Journal:
    """Candidate → what each fold found; under the `name` of the work in `registry`, where there is one.

    Floats are written so that they are read as the same. A journal that cannot be read as one is begun anew.

    Raises:
        ScoreloopError: the registry cannot be read.
    """

    def __init__(self, registry: Registry | None, name: str) -> None:
        self._registry, self._name = registry, name
        self._found: _Found = {}
        if registry is not None and (kept := registry.noted(name)) is not None:
            self._found = _read(kept)

    def __getitem__(self, candidate: Candidate) -> list[Losses] | None:
        """What was found of a candidate, None where it was not tried."""
        return self._found.get(_key(candidate))

    def __setitem__(self, candidate: Candidate, folds: Sequence[Losses]) -> None:
        """Note what was found; when this returns, a crash does not lose it.

        Raises:
            ScoreloopError: it cannot be written.
        """
        if self._found.get(_key(candidate)) == folds:
            return
        self._found[_key(candidate)] = list(folds)
        if self._registry is not None:
            self._registry.note(self._name, json.dumps(self._found).encode())


def named(
    problem: Problem, splits: Iterable[tuple[Positions, Positions]], environment: Mapping[str, str]
) -> str:
    """The name of a search's work: a SHA-256 of all that its candidates' losses depend on."""
    seen = hashlib.sha256()
    rows = pd.util.hash_pandas_object(problem.frame, index=False).to_numpy()
    schema = {name: feature.model_dump(mode="json") for name, feature in problem.features.items()}
    preparation = problem.preparation.model_dump(mode="json")
    stated = [
        schema,
        list(problem.frame.columns),
        problem.classes,
        problem.seed,
        preparation,
        dict(environment),
    ]
    arrays = [rows, problem.targets, *(part for split in splits for part in split)]
    for part in (json.dumps(stated, sort_keys=True).encode(), *(array.tobytes() for array in arrays)):
        seen.update(len(part).to_bytes(8))
        seen.update(part)
    return seen.hexdigest()


def _key(candidate: Candidate) -> str:
    return json.dumps([candidate.family, dict(candidate.params)], sort_keys=True)


def _read(kept: bytes) -> _Found:
    try:
        return _FOUND.validate_json(kept)
    except ValidationError:
        return {}
