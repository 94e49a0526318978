"""One thing that is wrong with rows that are to be learned from, and whether it stops the training."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from events.errors import ScoreloopError
from events.settings import Data

Severity = Literal["stops", "warning", "notice"]
ORDER: tuple[Severity, ...] = ("stops", "warning", "notice")


class DataLimitError(ScoreloopError):
    """Rows break a limit of [data]; the sentence says which, and what to do."""


class Flaw(NamedTuple):
    """What it is, how large, and what to do about it."""

    severity: Severity
    kind: str
    feature: str | None
    figure: float
    words: str
    advice: str
    limit: str | None = None
    """The limit of [data] that it breaks, as the settings have it."""

    @property
    def sentence(self) -> str:
        """All of it, for a person."""
        broken = f"[data] {self.limit} is broken: " if self.limit else ""
        return f"{broken}{self.words}; {self.advice}"


def over(
    limits: Data, name: str, figure: float, suspect: float, severity: Severity, **told: Any
) -> list[Flaw]:
    """A flaw whose `figure` is above the limit of this name, which stops, or reaches what is suspect."""
    limit = getattr(limits, name)
    if limit is not None and figure > limit:
        return [Flaw("stops", figure=figure, limit=f"{name} = {limit:g}", **told)]
    return [Flaw(severity, figure=figure, **told)] if figure >= suspect else []


def refuse(found: Sequence[Flaw]) -> None:
    """Raise what forbids a training.

    Raises:
        DataLimitError: a limit of [data] is broken; the sentence tells of all that are.
    """
    if broken := [flaw.sentence for flaw in found if flaw.severity == "stops"]:
        raise DataLimitError(". ".join(broken))
