"""A version's model card in Markdown, of what its manifest, the audit trail and the registry say. Pure.

A section is left out where nothing is known for it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.card_figures import calibration, features, importances, limits, measured
from console.card_text import Lines, listed, table
from console.trail import Entry
from events.durations import iso, written
from events.records import Manifest
from events.settings import Settings

_CANDIDATES = 10
"""Of a search, the best."""
_DATA = {
    "rows": "rows looked at", "left_out": "left out", "repeats": "share of repeats",
    "contradictions": "share of contradictory rows", "missing": "most missing of one feature",
    "minority_share": "share of the rarest class", "leakage": "tells most of the label alone",
}  # fmt: skip


def page(
    settings: Settings, manifest: Manifest, role: str | None, there: Mapping[str, str], trail: Iterable[Entry]
) -> str:
    """The card of a version that does `role` now, of whose files `there` says which the registry has."""
    sections: tuple[tuple[str, Lines], ...] = (
        ("What it predicts", [*_predicts(settings), *features(settings, manifest)]),
        ("What it learned from", _learned(manifest)),
        ("What these rows were like", _rows(manifest.metrics.get("data"))),
        ("How it was made", _made(manifest.params)),
        ("How well it answered rows that it had not seen", measured(settings, manifest.metrics)),
        ("What its probabilities were worth", calibration(settings, manifest.metrics)),
        ("What it uses", importances(manifest.metrics.get("importance"))),
        ("Golden rows", _golden(manifest.golden)),
        ("Who vouches for it", _vouched(settings, manifest, there)),
        ("Decisions", [f"- {_line(entry)}" for entry in trail]),
        ("Limits", [f"- {line}" for line in limits(settings, manifest)]),
    )
    told = [f"# {settings.name}, version {manifest.version}", "", *_head(manifest, role)]
    for title, lines in sections:
        if found := list(lines):
            told += ["", f"## {title}", "", *found]
    return "\n".join(told) + "\n"


def _head(manifest: Manifest, role: str | None) -> Lines:
    before = manifest.parent_version
    yield from listed(
        {
            "estimator": manifest.estimator,
            "made": iso(manifest.created_ts),
            "serves": role or "no",
            "champion when it was made": "none" if before is None else f"version {before}",
            "decision": manifest.decision_id,
        }
    )


def _predicts(settings: Settings) -> Lines:
    if settings.classes:
        classes = ", ".join(map(json.dumps, settings.classes))
        yield f"One of the classes {classes}, with the probability of each."
    else:
        yield "A number."
    yield f"A label counts that is known within {written(settings.labels.horizon)} of event time."
    yield ""


def _learned(manifest: Manifest) -> Lines:
    gate = manifest.metrics.get("gate", {})
    source = dict(manifest.trained_on)
    ranges = source.pop("partitions", {})
    if isinstance(from_ts := source.pop("from_ts", None), int):
        source["first event"] = iso(from_ts)
    if "window" in gate:
        source["window"] = gate["window"]
    yield from listed(source)
    if ranges:
        yield ""
        spans = ((partition, f"{first:,}", f"{end:,}") for partition, (first, end) in ranges.items())
        yield from table(("partition", "from offset", "up to"), spans)


def _rows(data: Mapping[str, Any] | None) -> Lines:
    if data is None:
        return
    yield from listed({words: data[name] for name, words in _DATA.items() if data.get(name) is not None})
    yield from (f"- {flaw}" for flaw in data.get("flaws", ()))


def _made(params: Mapping[str, Any]) -> Lines:
    tried = params.get("candidates", ())
    yield from listed({name: value for name, value in params.items() if name != "candidates"})
    if not tried:
        return
    yield f"- tried: {len(tried)}, of which the best, by their error on later rows:"
    yield ""
    known = sorted((one for one in tried if one["failed"] is None), key=lambda one: one["error"])
    rows = ((one["family"], one["params"], f"{one['error']:.4g}") for one in known[:_CANDIDATES])
    yield from table(("family", "parameters", "error"), rows)


def _golden(golden: Sequence[Mapping[str, Any]] | None) -> Lines:
    if not golden:
        return
    yield "Who loads it has to get these answers from it first."
    yield ""
    answers = ((one["features"], one["prediction"], one.get("probabilities")) for one in golden)
    yield from table(("features", "answer", "probabilities"), answers)


def _vouched(settings: Settings, manifest: Manifest, there: Mapping[str, str]) -> Lines:
    checked = "checked against [registry] public_keys" if settings.registry.public_keys else "not checked"
    yield from listed(
        {
            "signature": "none" if manifest.signature is None else f"`{manifest.signature}`, {checked}",
            "artefact": f"`{manifest.artifact_sha256}` ({manifest.format})",
            **{f"{kind} in the registry": state for kind, state in there.items()},
            "made with": ", ".join(f"{name} {of}" for name, of in manifest.environment.items()),
        }
    )


def _line(entry: Entry) -> str:
    asked = "" if entry.who is None else f", asked for by {entry.who}: {entry.why}"
    return f"{iso(entry.ts)} `{entry.key}`: {entry.what}{asked}"
