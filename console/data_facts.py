"""What `scoreloop data` looks at, and the same as JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from events.settings import Settings
from models.dataset import Dataset
from models.dataset_flaw import Flaw
from models.dataset_flaws import flaws
from models.dataset_relations import Pair, importance, pairs
from models.dataset_survey import Survey, survey


@dataclass(frozen=True)
class Look:
    """All that was found."""

    survey: Survey
    pairs: list[Pair]
    importance: dict[str, float]
    flaws: list[Flaw]


def look(dataset: Dataset, seed: int, now: int, tell: Callable[[int], None]) -> Look:
    """Look at rows as they are at `now`.

    Raises:
        ScoreloopError: a label is no class, or no number.
    """
    found = survey(dataset, now, tell)
    related = pairs(dataset)
    return Look(found, related, importance(dataset, seed), flaws(dataset.settings, found, related))


def facts(settings: Settings, source: str, found: Look) -> dict[str, Any]:
    """All of it as JSON."""
    return {
        "stream": settings.name,
        "source": source,
        **found.survey.stated(),
        "pairs": [asdict(pair) for pair in found.pairs],
        "importance": found.importance,
        "flaws": [flaw._asdict() for flaw in found.flaws],
    }
