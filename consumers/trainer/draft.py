"""A version before it has a number: its artefact is in the registry, and no manifest names it yet."""

from typing import Any

from events.records import Manifest, Record, Sha256

DRAFT = "draft"
"""In `evidence`: the version that `train` made, or that somebody brings; of a `retrain` the challenger."""


class Draft(Record):
    """The facts of a version that its maker knows; its number, its parent and its time the trainer gives."""

    artifact_sha256: Sha256
    format: str
    estimator: str
    schema_sha256: Sha256
    trained_on: dict[str, Any]
    params: dict[str, Any]
    metrics: dict[str, Any]
    environment: dict[str, str]
    reference: dict[str, Any] | None = None
    golden: list[dict[str, Any]] | None = None
    signature: str | None = None
    """By who made it: one that comes through `control` must have one where the stream has keys."""

    def manifest(self, version: int, parent: int | None, decision_id: str, now: int) -> Manifest:
        """The manifest that makes it a version."""
        facts = {**dict(self), "signature": None}
        return Manifest(
            version=version, created_ts=now, parent_version=parent, decision_id=decision_id, **facts
        )

    def beginning(self, why: str) -> "Draft":
        """The same with `why` it begins with the traffic that it does; nothing where settings say which."""
        gate = {**self.metrics.get("gate", {}), "strategy": why}
        return self.model_copy(update={"metrics": {**self.metrics, "gate": gate}}) if why else self

    @property
    def verdict(self) -> str:
        """How it passed its gate, for a person; empty for one that met none."""
        return gated(self.metrics)


def gated(metrics: dict[str, Any]) -> str:
    """How a version with these `metrics` passed its gate: its error beside the champion's, or nothing."""
    if (gate := metrics.get("gate")) is None:
        return ""
    error = metrics["error"]
    champion = gate["champion_error"]
    known = "none, as it fails there," if champion is None else f"{champion:.4g}"
    strategy = f"; {gate['strategy']}" if "strategy" in gate else ""
    rows = f"on the newest {gate['rows']} labelled events"
    return f"error {error:.4g} against the champion's {known} {rows}{strategy}"
