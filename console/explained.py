"""The facts of one explained event, as JSON and as lines for a person. Pure."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from console.trail import Entry
from console.words import figure
from events.durations import iso
from events.records import Outcome, Prediction
from events.schema import label_key

if TYPE_CHECKING:
    from models.explaining import Explanation

WAITING = "waiting"


def facts(
    answered: Prediction,
    epoch: int | None,
    ended: Outcome | None,
    found: "Explanation",
    origin: str,
    lines: Sequence[Entry],
) -> dict[str, Any]:
    """All of it as JSON. `adds_up` says whether base and contributions make the answer that was written."""
    written, shares = _written(answered), found.shares
    return {
        **answered.model_dump(),
        "epoch": epoch,
        "outcome": {
            "status": WAITING if ended is None else ended.status,
            **{name: getattr(ended, name, None) for name in ("label", "label_ts", "loss")},
        },
        "explained": {
            "of": found.of,
            "method": shares.method,
            "background": {"rows": shares.background, "from": origin},
            "base": shares.base,
            "contributions": found.contributions,
            "errors": found.errors,
            "total": shares.base + float(shares.values.sum()),
            "answer": found.answer,
            "written": written,
            "tolerance": shares.tolerance,
            "adds_up": found.agrees(written),
        },
        "decisions": [entry._asdict() for entry in lines],
    }


def told(facts: dict[str, Any]) -> Iterator[str]:
    """The same in lines."""
    why, serving = facts["explained"], f"v{facts['model_version']}"
    epoch = "" if facts["epoch"] is None else f" of epoch {facts['epoch']}"
    when = f"{iso(facts['ts'])}, scored {iso(facts['scored_ts'])}"
    yield f"{facts['event_id']} of {when} ({facts['prediction_id']})"
    yield f"{serving}, {facts['role']}{epoch}, answered {facts['prediction']!r}"
    yield _ended(facts["outcome"])
    yield ""
    yield f"{why['of']}: {why['written']:.6g}"
    yield from _shares(facts["features"], why)
    yield f"method: {why['method']}; background: {why['background']['from']}"
    yield ""
    yield f"what had {serving} serve:"
    for one in facts["decisions"]:
        asked = "" if one["who"] is None else f" by {one['who']}: {one['why']}"
        yield f"  {iso(one['ts'])} {one['key']}: {one['what']}{asked}"


def _written(answered: Prediction) -> float:
    """The number that is explained, as the record has it."""
    if answered.probabilities is None:
        return float(answered.prediction)
    return answered.probabilities[label_key(answered.prediction)]


def _ended(outcome: dict[str, Any]) -> str:
    match outcome["status"]:
        case "matched":
            loss = figure(outcome["loss"])
            return f"label {outcome['label']!r}, known {iso(outcome['label_ts'])}, loss {loss}"
        case "expired":
            return "expired: no label came in time"
    return "no label yet"


def _shares(features: dict[str, Any], why: dict[str, Any]) -> Iterator[str]:
    """The base, and each feature's share with its standard error, the largest first."""
    errors, shares = why["errors"] or {}, why["contributions"]
    yield f"  {why['base']:+12.6g}  mean answer to {why['background']['rows']} rows of the background"
    for name in sorted(shares, key=lambda name: -abs(shares[name])):
        error = f" ± {errors[name]:.3g}" if name in errors else ""
        yield f"  {shares[name]:+12.6g}{error}  {name} = {features.get(name)!r:.60}"
    gap = abs(why["total"] - why["written"])
    does = "adds up to what was written" if why["adds_up"] else f"misses what was written by {gap:.3g}"
    yield f"  {why['total']:+12.6g}  in all: {does} (to {why['tolerance']:g})"
