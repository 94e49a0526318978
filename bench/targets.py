"""Issue 7's targets of the default policy, held against what backtests came to."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Mapping[str, float]]
"""Policy → its figures, means over seeds."""
PERIODIC = ("periodic-500", "periodic-1000", "periodic-2000", "periodic-5000")


@dataclass(frozen=True)
class Line:
    """One target on one stream."""

    run: str
    seeds: int
    target: str
    figure: float
    limit: float
    error: float
    retrains: float

    @property
    def held(self) -> bool:
        """Whether it is met."""
        return self.figure <= self.limit


def judged(found: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Every target on every stream of which there are results."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in found:
        groups[one["run"], one["kind"]].append(one)
    return [
        Line(
            run,
            len({one["seed"] for one in ones}),
            *target,
            means["stream"]["error"],
            means["stream"]["retrains"],
        )
        for (run, kind), ones in groups.items()
        if "stream" in (means := _means(ones))
        for target in TARGETS[kind](means)
    ]


def _means(ones: Sequence[Mapping[str, Any]]) -> Figures:
    by_policy: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in ones:
        by_policy[one["policy"]].append(one)
    names = ("error", "retrains", "by_alarm", "promotions", "alarms")
    return {
        policy: {name: sum(one[name] for one in of) / len(of) for name in names}
        for policy, of in by_policy.items()
    }


def _best(means: Figures) -> str:
    return min((one for one in PERIODIC if one in means), key=lambda one: means[one]["error"])


def _large(means: Figures) -> Iterator[tuple[str, float, float]]:
    ours = means["stream"]
    yield "error / oracle's", ours["error"] / means["oracle"]["error"], 0.8
    yield "retrains by alarm / oracle's", ours["by_alarm"] / means["oracle"]["retrains"], 2
    yield f"error / {_best(means)}'s", ours["error"] / means[_best(means)]["error"], 1


def _small(means: Figures) -> Iterator[tuple[str, float, float]]:
    ours, best = means["stream"], means[_best(means)]
    yield f"error / {_best(means)}'s", ours["error"] / best["error"], 1.02
    yield f"retrains / {_best(means)}'s", ours["retrains"] / best["retrains"], 0.25


def _gradual(means: Figures) -> Iterator[tuple[str, float, float]]:
    ours, periodic = means["stream"], means["periodic-2000"]
    yield "error / periodic-2000's", ours["error"] / periodic["error"], 1
    yield "retrains / periodic-2000's", ours["retrains"] / periodic["retrains"], 1


def _electricity(means: Figures) -> Iterator[tuple[str, float, float]]:
    yield "error / periodic-1000's", means["stream"]["error"] / means["periodic-1000"]["error"], 1.03
    yield "retrains", means["stream"]["retrains"], 15


def _stationary(means: Figures) -> Iterator[tuple[str, float, float]]:
    yield "alarms in 10,000 labels", means["stream"]["alarms"] / 3.7, 1
    yield "promotions", means["stream"]["promotions"], 0.05


TARGETS: Mapping[str, Callable[[Figures], Iterator[tuple[str, float, float]]]] = {
    "large": _large, "small": _small, "gradual": _gradual, "electricity": _electricity,
    "stationary": _stationary,
}  # fmt: skip


def document(lines: Sequence[Line]) -> str:
    """The table as Markdown."""
    columns = "| stream | seeds | error | retrains | what | figure | target | |\n"
    head = columns + "|---|--:|--:|--:|---|--:|--:|---|\n"
    return head + "".join(
        f"| {one.run} | {one.seeds} | {one.error:.4f} | {one.retrains:.1f} | {one.target} | "
        f"{one.figure:.3f} | {one.limit:g} | {'held' if one.held else 'missed'} |\n"
        for one in lines
    )
