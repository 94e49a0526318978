"""A version made again: from the rows and the parameters that its manifest names."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from consumers.environment import Moved, moved
from consumers.trainer.examples import examples_again
from events import topics
from events.errors import ScoreloopError
from events.records import Manifest
from events.schema import Label, label_key
from events.settings import Settings
from events.settings.preparation import Preparation
from models.averaging import averaged
from models.continuing import learned_on
from models.dataset_admission import kept
from models.frame import Layout, Row
from models.opening import opened
from models.problem import Candidate, problem
from models.registry import Registry
from models.steady import Steady

_ROWS = "rows_sha256"


class Reproduced(NamedTuple):
    """What came of it."""

    version: int
    rows: int
    """That it learned from, and answered."""
    different: int
    """Answers that are not the same bit for bit."""
    environment: Moved

    @property
    def same(self) -> bool:
        """Whether it is the same version, as far as its answers tell."""
        return not self.different


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
    rows, labels = _learned(settings, manifest, registry)
    given = problem(_as_then(settings, manifest.params), rows, labels)
    tell(f"training on {len(rows)} rows")
    try:
        candidate = Candidate(manifest.params["family"], manifest.params["params"])
        if parent is None:
            begins = [len(rows) - span for span in _spans(manifest)] or [0]
            again = averaged([given.fitted(candidate, slice(begin, None)) for begin in begins], given.classes)
        else:
            again = learned_on(given, opened(parent, registry, settings), slice(None))
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
    return Reproduced(manifest.version, len(rows), different, moved(manifest.environment))


def _as_then(settings: Settings, params: Mapping[str, Any]) -> Settings:
    """The settings with the seed and the preparation of that training."""
    training = settings.training.model_copy(update={"seed": params.get("seed", 0)})
    preparation = Preparation.model_validate(params.get("preparation", {}))
    return settings.model_copy(update={"training": training, "preparation": preparation})


def _learned(settings: Settings, manifest: Manifest, registry: Registry) -> tuple[list[Row], list[Label]]:
    """The rows that the version's last fit rests on."""
    source = manifest.trained_on
    if _ROWS in source:
        return _kept(settings, registry.get_rows(source[_ROWS]))
    if source.get("topic") != topics.OUTCOMES.name:
        raise ScoreloopError(
            f"version {manifest.version} was brought ({source.get('file', manifest.estimator)}), and what it "
            "learned from is not known here"
        )
    found = examples_again(settings, source)
    if len(found.rows) != source["rows"]:
        raise ScoreloopError(f"only {len(found.rows)} of the {source['rows']} rows are left in outcomes")
    found = found.at(kept(found.dataset(settings)))
    begin = len(found.rows) - max(_spans(manifest))
    return found.rows[begin:], found.labels[begin:]


def _spans(manifest: Manifest) -> list[int]:
    """How many of the newest rows each model learned from whose mean the version is; none before a gate."""
    gate = manifest.metrics.get("gate")
    return [] if gate is None else [rows + gate["rows"] for rows in gate["averaged"]]


def _kept(settings: Settings, columns: dict[str, list[Any]]) -> tuple[list[Row], list[Label]]:
    """Rows and labels of the registry's columns; a class is there by its key."""
    classes = {label_key(label): label for label in settings.classes}
    labels = columns["#label"]
    rows: list[Row] = list(zip(*(columns[name] for name in settings.features), strict=True))
    return rows, [classes[label] for label in labels] if classes else labels
