"""A soak as a picture: memory of each process above, lag of each service below."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from soak.samples import Sample


def draw(path: Path, title: str, samples: Sequence[Sample]) -> None:
    """Write it as a PNG."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for name in sorted({name for sample in samples for name in sample.memory}):
        held = [(s.seconds / 60, s.memory[name][1] / 1e6) for s in samples if name in s.memory]
        upper.plot(*zip(*held, strict=True), marker=".", markersize=2, linewidth=1, label=name)
    for service in sorted({service for sample in samples for service in sample.lags}):
        behind = [(s.seconds / 60, s.lags[service]) for s in samples if s.lags]
        lower.plot(*zip(*behind, strict=True), linewidth=1, label=service)
    upper.set(title=title, ylabel="resident memory, MB", ylim=(0, None))
    lower.set(xlabel="minutes of load", ylabel="records not read yet", yscale="symlog", ylim=(0, None))
    for axes in (upper, lower):
        axes.axvline(samples[-1].seconds / 120, color="#616161", linestyle=":", linewidth=1)
        axes.legend(loc="upper left", fontsize="small", ncols=4)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
