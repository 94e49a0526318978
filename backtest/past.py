"""What a backtest goes through: what the first version learns from, and the events after that."""

from dataclasses import dataclass, replace

from backtest.history import History, history
from events.errors import ScoreloopError
from events.settings import Settings
from producers.examples import Examples, examples
from producers.rows import Rows
from producers.schedule import Timeline


@dataclass(frozen=True)
class Past:
    """Events in order of time, of a file or of a stream."""

    name: str
    examples: Examples
    """What the first version learns from."""
    history: History
    """What comes then."""


def of_rows(
    settings: Settings, rows: Rows, first: int, timeline: Timeline, missing: float = 0.0, seed: int = 0
) -> Past:
    """The first version learns from the `first` rows; the others happen, and are labelled, as `feed` has it.

    A share `missing` of the labels, by `seed`, never comes.

    Raises:
        ScoreloopError: the rows are too few, or cannot be read.
    """
    require(rows.name, len(rows), first)
    middle = rows.span.start + first
    learned = replace(rows, span=range(rows.span.start, middle))
    left = replace(rows, span=range(middle, rows.span.stop))
    return Past(rows.name, examples(settings, learned), history(settings, left, timeline, missing, seed))


def require(name: str, rows: int, first: int) -> None:
    """See that some of the `rows` are left after the `first`.

    Raises:
        ScoreloopError: none are.
    """
    if not 0 < first < rows:
        raise ScoreloopError(
            f"{name}: of {rows} rows the first {first} are for the first version, and some have to be left; "
            "choose another --first, or other --rows"
        )
