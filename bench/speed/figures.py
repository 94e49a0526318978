"""What was measured: figures with a value for each round, and where they are kept."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One thing that was measured. `at_least` or `at_most` is what was aimed at, by the median."""

    what: str
    unit: str
    values: list[float] = field(default_factory=list)
    """One a round, in their order."""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        """The middle one of the rounds."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None where there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.median >= self.at_least) and (
            self.at_most is None or self.median <= self.at_most
        )

    def over(self, other: "Figure", what: str, *, at_least: float | None = None) -> "Figure":
        """The ratio to `other`, of each round in itself."""
        ratios = [mine / theirs for mine, theirs in zip(self.values, other.values, strict=True)]
        return Figure(what, "", ratios, at_least)


Parts = Mapping[str, Iterable[Figure]]


def kept(path: Path) -> dict[str, Any]:
    """The results in `path`, by part; nothing where there are none yet."""
    return json.loads(path.read_text()) if path.exists() else {"parts": {}}


def keep(path: Path, results: dict[str, Any]) -> None:
    """Write them, and so that a difference can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


def stated(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Figures as they are kept: numbers to four digits."""
    return [
        {**asdict(figure), "values": [float(f"{value:.4g}") for value in figure.values]} for figure in figures
    ]


def read(stated_: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """What was `stated`."""
    return [Figure(**one) for one in stated_]
