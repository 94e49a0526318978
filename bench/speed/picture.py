"""The results as a picture: what scores how fast, and how long an event waits."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Drawing
from speed.figures import Figure, read


def draw(path: Path, results: dict[str, Any]) -> None:
    """Write it as a PNG: throughputs above, latencies below; nothing where neither was measured."""
    parts = {name: read(part["figures"]) for name, part in results["parts"].items()}
    rates = [one for one in parts.get("scoring", []) if one.unit == "events/s"]
    waits = [one for one in parts.get("latency", []) if one.unit == "ms"]
    if not rates and not waits:
        return
    drawing = Drawing(figsize=(10, 9), layout="constrained")
    upper, lower = drawing.subplots(2, 1)
    _bars(upper, rates, "events/s, exactly once; the limit is consuming and producing the same bytes")
    _bars(lower, waits, "ms from an event's append to a reader that has its prediction")
    lower.set_xscale("log")
    drawing.savefig(path, dpi=110)


def _bars(axes: Any, figures: list[Figure], title: str) -> None:
    names, heights = [one.what for one in figures], [one.median for one in figures]
    below = [one.median - min(one.values) for one in figures]
    above = [max(one.values) - one.median for one in figures]
    axes.barh(names, heights, xerr=[below, above], color="#4477aa", ecolor="#222222", height=0.7)
    axes.invert_yaxis()
    axes.set_title(title, fontsize="medium", loc="left")
    axes.tick_params(axis="y", labelsize="small")
    axes.grid(axis="x", alpha=0.3)
