"""Labels as they are learned: indexes of classes, or numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.errors import ScoreloopError
from events.schema import Label


def targets_of(labels: Sequence[Label], classes: Sequence[Label]) -> NDArray[Any]:
    """What is learned for `labels`: indexes of `classes`, numbers where there are none.

    Raises:
        ScoreloopError: a label is no class, or no number.
    """
    return _indexes(labels, classes) if classes else _numbers(labels)


def _indexes(labels: Sequence[Label], classes: Sequence[Label]) -> NDArray[np.int64]:
    """Each label's index among the classes, by JSON type and value."""
    index = {(type(label), label): i for i, label in enumerate(classes)}
    found = [index.get((type(label), label)) for label in labels]
    if None in found:
        row = found.index(None)
        raise ScoreloopError(
            f"row {row}: the label {labels[row]!r:.60} is none of the classes {list(classes)!r:.200} "
            '(true, 1, 1.0 and "1" are different labels); correct it, or [labels] classes'
        )
    return np.array(found, dtype=np.int64)


def _numbers(labels: Sequence[Label]) -> NDArray[np.float64]:
    for row, label in enumerate(labels):
        if isinstance(label, bool | str) or not math.isfinite(label):
            raise ScoreloopError(
                f"row {row}: the label {label!r:.60} is no finite number, as a regression needs"
            )
    return np.array(labels, dtype=np.float64)
