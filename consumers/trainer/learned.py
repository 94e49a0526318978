"""The rows that a version's last fit rests on, as its manifest names them: in the registry or `outcomes`."""

from typing import Any

from consumers.trainer.examples import examples_again
from events import topics
from events.errors import ScoreloopError
from events.records import Manifest
from events.schema import Label, label_key
from events.settings import Settings
from models.dataset_admission import kept
from models.frame import Row
from models.registry import Registry

_ROWS = "rows_sha256"


def learned_rows(settings: Settings, manifest: Manifest, registry: Registry) -> tuple[list[Row], list[Label]]:
    """Rows, in order of time, and their labels.

    Raises:
        ScoreloopError: they are not known here, or no longer there.
    """
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
    begin = len(found.rows) - max(learned_spans(manifest))
    return found.rows[begin:], found.labels[begin:]


def learned_spans(manifest: Manifest) -> list[int]:
    """How many of the newest rows each model learned from whose mean the version is; none before a gate."""
    gate = manifest.metrics.get("gate")
    return [] if gate is None else [rows + gate["rows"] for rows in gate["averaged"]]


def _kept(settings: Settings, columns: dict[str, list[Any]]) -> tuple[list[Row], list[Label]]:
    """Rows and labels of the registry's columns; a class is there by its key."""
    classes = {label_key(label): label for label in settings.classes}
    labels = columns["#label"]
    rows: list[Row] = list(zip(*(columns[name] for name in settings.features), strict=True))
    return rows, [classes[label] for label in labels] if classes else labels
