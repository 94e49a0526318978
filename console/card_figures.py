"""The parts of a model card that are figures: features, errors with their bounds, calibration, importance."""

from collections.abc import Mapping
from typing import Any

import scipy  # its parts are imported as they are asked for

from console.card_text import Lines, table
from console.words import figure, percent
from events.records import Manifest
from events.schema import Feature, label_key
from events.settings import Settings
from models.baseline import CONFIDENCE, baseline
from models.histograms import SCORE_BINS, least
from models.reference import Reference
from models.shapes import Shape

_TWO = 2


def features(settings: Settings, manifest: Manifest) -> Lines:
    """The features, and what they were like in the rows that the version learned from."""
    known = Reference.found(manifest.reference)
    shapes = {} if known is None else known.features
    rows = (
        (name, _type(feature), *_seen(feature, shapes.get(name)))
        for name, feature in settings.features.items()
    )
    return table(("feature", "type", "missing", "about from", "to"), rows)


def measured(settings: Settings, metrics: Mapping[str, Any]) -> Lines:
    """The figures on held-out rows; what has a bound is given with it."""
    if "rows" not in metrics:
        return
    rows = metrics["rows"]
    yield f"On {rows:,} rows, the newest, which it had not learned from then:"
    yield ""
    known = baseline(metrics, real=not settings.classes)
    figures = [("error (mean loss)", figure(metrics["error"]), _interval(settings, metrics, rows))]
    if known is not None and known.bound is not None:
        cut = f"squared error, each cut at {known.bound:.4g}"
        figures.append(
            (cut, figure(known.total / rows * known.bound), f"at most {known.upper * known.bound:.4g}")
        )
    figures += [(name, figure(value), "") for name, value in metrics.get("values", {}).items()]
    yield from table(("figure", "value", f"{percent(CONFIDENCE)} confidence"), figures)
    if (gate := metrics.get("gate")) is not None:
        yield ""
        error = figure(gate["champion_error"])
        yield f"The champion then, version {gate['champion']}, had an error of {error} on them."


def calibration(settings: Settings, metrics: Mapping[str, Any]) -> Lines:
    """How often answers were right, by their scores."""
    if not (bins := metrics.get("confidence", {}).get("bins")):
        return
    two = len(settings.classes) == _TWO
    score = (
        f"probability of {label_key(settings.classes[settings.positive_index])}"
        if two
        else "largest probability"
    )
    values = metrics.get("values", {})
    error, brier = (figure(values.get(name)) for name in ("calibration_error", "brier"))
    yield f"Calibration error {error}, Brier score {brier}."
    yield ""
    ends = [*(start for start, _, _ in bins[1:]), SCORE_BINS + 1]
    rows = (
        (
            f"{(start - 1) / SCORE_BINS:.2f}",
            f"{(end - 1) / SCORE_BINS:.2f}",
            f"{many:,}",
            percent(right / many),
        )
        for (start, many, right), end in zip(bins, ends, strict=True)
    )
    yield from table((f"{score}, from", "up to", "rows", "answers that were right"), rows)


def importances(stated: Mapping[str, Any] | None) -> Lines:
    """What each feature is worth, the most first."""
    if not stated:
        return
    yield (
        f"By how much {stated['metric']} rises when a feature's values are shuffled over {stated['rows']:,} "
        f"held-out rows; mean and standard deviation of {stated['repeats']} shuffles, seed {stated['seed']}."
    )
    yield ""
    ordered = sorted(stated["features"].items(), key=lambda one: -one[1]["mean"])
    yield from table(
        ("feature", "rise", "±"),
        ((name, f"{one['mean']:.4g}", f"{one['spread']:.2g}") for name, one in ordered),
    )


def limits(settings: Settings, manifest: Manifest) -> Lines:
    """What these facts do not carry."""
    metrics = manifest.metrics
    if "rows" in metrics:
        yield (
            f"Its figures are of {metrics['rows']:,} rows of one stretch of time. Their bounds hold for rows "
            "whose losses do not depend on each other; how it does now is in `metrics`."
        )
    if metrics.get("importance"):
        yield "Of two features that say the same, each may seem to be worth nothing."
    if manifest.reference is None:
        yield "What its features were like is not known."
    if manifest.signature is None:
        yield "It is not signed."
    if not manifest.golden:
        yield "It has no golden rows, so nothing tells if it answers otherwise elsewhere."
    if manifest.schema_sha256 != settings.schema_sha256:
        yield "It was made for another schema than the stream has now, and cannot serve."
    if manifest.estimator.startswith("brought"):
        yield "It was brought: what it learned from is not known here."


def _interval(settings: Settings, metrics: Mapping[str, Any], rows: int) -> str:
    """Clopper's and Pearson's, two-sided, of a share of wrong answers."""
    if not settings.classes:
        return ""
    wrong, beyond = round(metrics["loss_sum"]), (1 - CONFIDENCE) / 2
    low = scipy.special.betaincinv(wrong, rows - wrong + 1, beyond) if wrong else 0.0
    high = scipy.special.betaincinv(wrong + 1, rows - wrong, 1 - beyond) if wrong < rows else 1.0
    return f"{low:.4f} to {high:.4f}"


def _type(feature: Feature) -> str:
    array = f"[{feature.shape[0]}]" if feature.shape else ""
    return f"{feature.type}{array}{', may be missing' if feature.nullable else ''}"


def _seen(feature: Feature, shape: Shape | None) -> tuple[str, str, str]:
    if shape is None:
        return "", "", ""
    rows = shape.missing + sum(one.count for one in shape.bins) / shape.each
    missing = percent(shape.missing / rows if rows else None)
    if feature.type not in {"number", "integer"} or not shape.bins:
        return missing, "", ""
    return missing, f"{least(shape.bins[0].start):.3g}", f"{least(shape.bins[-1].end):.3g}"
