"""What of a manifest MLflow shows: numbers, params, and pictures. Pure."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from events.records import Manifest

_LONGEST = 500
"""Letters of a param: older servers take no more."""
_MOST_TRIED = 20
_PARAMS = ("estimator", "format", "parent_version", "schema_sha256", "artifact_sha256", "decision_id")


def numbers(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every finite number in nested objects, by its dotted name; lists are left out."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield f"{prefix}{name}", float(value)


def params(manifest: Manifest) -> dict[str, str]:
    """By what, and from what, the version was made."""
    made = {name: value for name, value in manifest.params.items() if name != "candidates"}
    facts = {name: getattr(manifest, name) for name in _PARAMS}
    stated = {**facts, **made, "trained_on": manifest.trained_on, "environment": manifest.environment}
    return {name: _text(value)[:_LONGEST] for name, value in stated.items() if value not in (None, {})}


def pictures(manifest: Manifest) -> dict[str, Any]:
    """File name → figure: what the search found, and what each window came to at the gate."""
    tried = [
        (_text({"": line["family"], **line["params"]}), line["error"])
        for line in manifest.params.get("candidates", [])
        if line["error"] is not None
    ]
    windows = [(one["name"], one["error"]) for one in manifest.metrics.get("gate", {}).get("windows", [])]
    best = sorted(tried, key=lambda bar: bar[1])[:_MOST_TRIED]
    shown = {"search.png": ("error in the search", best), "gate.png": ("error at the gate", windows)}
    return {name: _bars(title, bars) for name, (title, bars) in shown.items() if bars}


def _bars(title: str, bars: list[tuple[str, float]]) -> Any:
    from matplotlib.figure import Figure  # noqa: PLC0415 (half a second)

    figure = Figure(figsize=(9, 1 + 0.3 * len(bars)), layout="constrained")
    axes = figure.subplots()
    axes.barh([f"{place}. {name}" for place, (name, _) in enumerate(bars, 1)], [error for _, error in bars])
    axes.invert_yaxis()
    axes.set(title=title, xlabel="mean loss")
    return figure


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
