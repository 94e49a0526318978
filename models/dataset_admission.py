"""Which of some rows a training may learn from: all, or each once; none where a limit of [data] is broken."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from events.errors import ScoreloopError
from models.dataset import Dataset
from models.dataset_flaw import DataLimitError, Flaw, refuse
from models.dataset_flaws import flaws, short
from models.dataset_repeats import repeats
from models.dataset_survey import survey


@dataclass(frozen=True)
class Admitted:
    """Rows that may be learned from, by position, and what was found in all."""

    positions: list[int]
    flaws: list[Flaw]
    stated: dict[str, Any]
    """For `metrics` in a manifest, under `data`."""


def admitted(dataset: Dataset, now: int) -> Admitted:
    """The rows to learn from as [data] has it, looked at at `now`.

    Raises:
        DataLimitError: a limit is broken, there are no rows, or a label is none; the sentence says which.
    """
    if not dataset.rows:
        raise DataLimitError("there are no labelled rows to learn from")
    try:
        found = survey(dataset, now)
    except ScoreloopError as error:
        raise DataLimitError(str(error)) from None
    listed = flaws(dataset.settings, found)
    refuse(listed)
    return Admitted(kept(dataset), listed, short(found, listed))


def kept(dataset: Dataset) -> list[int]:
    """The rows, by position, that `[data] repeats` leaves."""
    again = repeats(dataset).again
    left = ~again if dataset.settings.data.repeats == "leave-out" else np.ones_like(again)
    return [int(position) for position in np.flatnonzero(left)]
