"""A version's answers: the same for an event bit for bit, whatever batch it comes in.

BLAS picks its kernel, and with it the order of its additions, by the shape of what it multiplies and by its
number of threads. Padding to a multiple of 64 rows is not enough: from about 50 columns (a few one-hot
categories) 64 rows and 1,024 differ in the last bit. So whatever may use BLAS sees calls of one shape only,
in one thread. Trees go row by row: they take a whole batch in one call, padded to whole vector registers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.schema import Features, Label, label_key
from models.frame import Layout, Row
from models.pipelines import MAX_CATEGORIES, Task, outputs, row_by_row

PADDING = 64
CALL_CELLS = 2**17
MOST_CALL_ROWS = 5_056
"""Each call of a pipeline that may use BLAS is of so many numbers, but of no more rows than a default batch.

Large enough that a call's overhead is small a row, small enough that a single event waits some milliseconds.
With another value versions that are deployed answer differently in the last bit.
"""

_QUOTED_OR_NUMBER = re.compile(r"""(['"]).*\1|\d[\w.+-]*""", re.DOTALL)
_MOST_DETAIL = 300
_NOT_FINITE = "the answer is not finite"


class ScoringError(ScoreloopError):
    """A row has no answer."""


class Answer(NamedTuple):
    """A class, with the probability of each by its key; or, for a regression, a number."""

    prediction: Label
    probabilities: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a row has no answer, without its values."""

    detail: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a batch, in its order; iterates as `Answer`."""

    predictions: list[Label]
    probabilities: list[dict[str, float]] | None

    def __len__(self) -> int:
        return len(self.predictions)

    def __iter__(self) -> Iterator[Answer]:
        return map(Answer, self.predictions, self.probabilities or repeat(None))


class Version:
    """A loaded version: its pipeline, and the schema that it answers for.

    Raises:
        ScoreloopError: the pipeline was fitted for other features or classes.
    """

    def __init__(
        self, number: int, pipeline: Pipeline, features: Features, task: Task, classes: Sequence[Label]
    ) -> None:
        self.number = number
        self._pipeline = pipeline
        self._layout = Layout(features)
        self._classes = tuple(classes) if task == "classification" else ()
        self._keys = [label_key(label) for label in self._classes]
        self._call_rows = None if row_by_row(pipeline) else _call_rows(self._layout)
        self._check()

    def answers(self, rows: Sequence[Row]) -> Answers:
        """The answers for `rows`.

        The most likely class; of equally likely ones the first in the schema.

        Raises:
            ScoringError: an answer is not finite; the sentence says of which row.
            Exception: whatever the pipeline raises.
        """
        found = self._outputs(rows)
        finite = _finite(found)
        if not finite.all():
            raise ScoringError(f"version {self.number}, row {finite.argmin()}: {_NOT_FINITE}")
        return self._read(found)

    def scored(self, rows: Sequence[Row]) -> list[Answer | Failure]:
        """For each row its answer or why it has none; neighbours of a failing row are unharmed.

        Where the pipeline raises, halves of the batch are tried, down to the guilty rows.
        """
        try:
            found = self._outputs(rows)
        except MemoryError:
            raise  # says nothing about the rows
        except Exception as error:  # noqa: BLE001 (whatever a model raises, its row is refused and not the batch)
            if len(rows) == 1:
                return [Failure(_detail(error))]
            half = len(rows) // 2
            return [*self.scored(rows[:half]), *self.scored(rows[half:])]
        finite = _finite(found)
        answers = self._read(found)
        if finite.all():
            return list(answers)
        return [
            answer if ok else Failure(_NOT_FINITE)
            for answer, ok in zip(answers, finite.tolist(), strict=True)
        ]

    def _outputs(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """The pipeline's outputs for `rows`, the last of which is repeated to fill the last call."""
        if not rows:
            return np.empty((0, max(1, len(self._classes))))
        frame = self._layout.frame(rows)
        size = self._call_rows or -(-len(rows) // PADDING) * PADDING
        calls = [
            outputs(
                self._pipeline,
                frame.take(np.minimum(np.arange(start, start + size), len(rows) - 1)),
                len(self._classes),
            )
            for start in range(0, len(rows), size)
        ]
        return np.concatenate(calls)[: len(rows)]

    def _read(self, found: NDArray[np.float64]) -> Answers:
        if not self._classes:
            return Answers(found[:, 0].tolist(), None)
        predictions = [self._classes[index] for index in found.argmax(axis=1).tolist()]
        keys = self._keys
        return Answers(predictions, [dict(zip(keys, row, strict=True)) for row in found.tolist()])

    def _check(self) -> None:
        columns = [*self._layout.numbers, *self._layout.categories]
        if list(getattr(self._pipeline, "feature_names_in_", columns)) != columns:
            raise ScoreloopError(
                f"version {self.number} reads other features than the stream's; train a new one"
            )
        known = getattr(self._pipeline, "classes_", ())
        if bool(self._classes) != (len(known) > 0) or not set(known) <= set(range(len(self._classes))):
            raise ScoreloopError(
                f"version {self.number} answers other classes than the stream's; train a new one"
            )


def _call_rows(layout: Layout) -> int:
    """Rows in each call where BLAS may be used: a function of the schema alone."""
    width = len(layout.numbers) + MAX_CATEGORIES * len(layout.categories)
    return min(max(1, CALL_CELLS // width // PADDING) * PADDING, MOST_CALL_ROWS)


def _finite(found: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows have an answer."""
    return np.asarray(np.isfinite(found).all(axis=1))


def _detail(error: Exception) -> str:
    """The exception's type and message, with what may be a value of the event left out."""
    text = f"{type(error).__name__}: {_QUOTED_OR_NUMBER.sub('…', str(error))}"
    return text if len(text) <= _MOST_DETAIL else text[: _MOST_DETAIL - 1] + "…"
