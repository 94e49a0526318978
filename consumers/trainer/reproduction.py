"""A version made again: from the rows and the parameters that its manifest names."""

from collections.abc import Callable, Mapping
from math import isclose
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from consumers.environment import Moved, moved
from consumers.trainer.learned import learned_rows, learned_spans
from events.errors import ScoreloopError
from events.records import Manifest
from events.settings import Settings
from events.settings.preparation import Preparation
from models.averaging import averaged
from models.continuing import learned_on
from models.frame import Layout
from models.golden import TOLERANCE
from models.importance import importance
from models.opening import opened
from models.problem import Candidate, Problem, problem
from models.registry import Registry
from models.steady import Steady


class Reproduced(NamedTuple):
    """What came of it."""

    version: int
    rows: int
    """That it learned from, and answered."""
    different: int
    """Answers that are not the same bit for bit."""
    importance: bool | None
    """Whether the held-out rows give the same importances again; None where the manifest has none."""
    environment: Moved

    @property
    def same(self) -> bool:
        """Whether it is the same version, as far as its answers and importances tell."""
        return not self.different and self.importance is not False


def reproduced(
    settings: Settings, manifest: Manifest, parent: Manifest | None, tell: Callable[[str], None]
) -> Reproduced:
    """Train the version of `manifest` again, and compare the two; one that learned on begins with `parent`.

    Raises:
        ScoreloopError: it was not trained here, its rows are gone, or its artefact cannot be opened.
    """
    if manifest.schema_sha256 != settings.schema_sha256:
        raise ScoreloopError(f"version {manifest.version} was trained for another schema than stream.toml's")
    registry = Registry(settings.registry.url)
    tell("reading the rows that it learned from")
    rows, labels = learned_rows(settings, manifest, registry)
    given = problem(_as_then(settings, manifest.params), rows, labels)
    known = None if parent is None else opened(parent, registry, settings)
    tell(f"training on {len(rows)} rows")
    try:
        again = _fitted(given, manifest, known, slice(None))
        importances = _importances(given, manifest, known)
    except (KeyError, ValueError, TypeError):
        raise ScoreloopError(
            f"version {manifest.version} was not trained by this: {manifest.estimator}"
        ) from None
    tell("comparing the answers")
    layout, classes = Layout(settings.features), len(settings.classes)
    one, other = (
        Steady(pipeline, layout, classes).outputs(rows)
        for pipeline in (opened(manifest, registry, settings), again)
    )
    different = int(np.any(one != other, axis=1).sum())
    return Reproduced(manifest.version, len(rows), different, importances, moved(manifest.environment))


def _fitted(given: Problem, manifest: Manifest, parent: Pipeline | None, rows: slice) -> Pipeline:
    """What the version's training makes of `rows`."""
    if parent is not None:
        return learned_on(given, parent, rows)
    candidate = Candidate(manifest.params["family"], manifest.params["params"])
    begins = [len(given.targets) - span for span in learned_spans(manifest)] or [0]
    return averaged([given.fitted(candidate, slice(begin, rows.stop)) for begin in begins], given.classes)


def _importances(given: Problem, manifest: Manifest, parent: Pipeline | None) -> bool | None:
    """Whether what learned from the rows before the held-out ones needs each feature as much as stated."""
    if not (stated := manifest.metrics.get("importance")):
        return None
    before = len(given.targets) - manifest.metrics["rows"]
    found = importance(given, _fitted(given, manifest, parent, slice(before)), slice(before, None))
    return found.keys() == stated.keys() and all(
        isclose(found["features"][name][figure], value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        for name, rise in stated["features"].items()
        for figure, value in rise.items()
    )


def _as_then(settings: Settings, params: Mapping[str, Any]) -> Settings:
    """The settings with the seed and the preparation of that training."""
    training = settings.training.model_copy(update={"seed": params.get("seed", 0)})
    preparation = Preparation.model_validate(params.get("preparation", {}))
    return settings.model_copy(update={"training": training, "preparation": preparation})
