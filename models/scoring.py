"""A version's answers to rows, and what became of a row that has none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.schema import Feature, Features, Label, label_key
from models.families import Task
from models.frame import Layout, Row, Value
from models.steady import Steady

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
        ScoreloopError: the pipeline was fitted for other features or classes, or cannot answer a plain row.
    """

    def __init__(
        self, number: int, pipeline: Pipeline, features: Features, task: Task, classes: Sequence[Label]
    ) -> None:
        self.number = number
        self._classes = tuple(classes) if task == "classification" else ()
        self._keys = [label_key(label) for label in self._classes]
        layout = Layout(features)
        self._steady = Steady(pipeline, layout, len(self._classes))
        self._plain = [_plain(feature) for feature in features.values()]
        self._check(pipeline, layout)

    def answers(self, rows: Sequence[Row]) -> Answers:
        """The answers for `rows`.

        The most likely class; of equally likely ones the first in the schema.

        Raises:
            ScoringError: an answer is not finite; the sentence says of which row.
            Exception: whatever the pipeline raises.
        """
        found = self._steady.outputs(rows)
        finite = _finite(found)
        if not finite.all():
            raise ScoringError(f"version {self.number}, row {finite.argmin()}: {_NOT_FINITE}")
        return self._read(found)

    def scored(self, rows: Sequence[Row]) -> list[Answer | Failure]:
        """For each row its answer or why it has none; neighbours of a failing row are unharmed.

        Where the pipeline raises, halves of the batch are tried, down to the guilty rows: for one of n that
        is 2 log2(n) more calls, and never more than 2n.

        Raises:
            MemoryError: there is no memory for a plain row either, so it is no row's fault.
        """
        try:
            found = self._steady.outputs(rows)
        except Exception as error:  # noqa: BLE001 (whatever a model raises, its row is refused and not the batch)
            if len(rows) == 1:
                return [self._failure(error)]
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

    def _failure(self, error: Exception) -> Failure:
        """Why a row has no answer when it is asked alone."""
        if isinstance(error, MemoryError):
            self._steady.outputs([self._plain])  # which tells a greedy row from a machine without memory
        return Failure(_detail(error))

    def _read(self, found: NDArray[np.float64]) -> Answers:
        if not self._classes:
            return Answers(found[:, 0].tolist(), None)
        predictions = [self._classes[index] for index in found.argmax(axis=1).tolist()]
        keys = self._keys
        return Answers(predictions, [dict(zip(keys, row, strict=True)) for row in found.tolist()])

    def _check(self, pipeline: Pipeline, layout: Layout) -> None:
        """Refuse what would fail on every row: one by one that takes minutes a batch, and all are lost."""
        columns = [*layout.numbers, *layout.categories]
        if list(getattr(pipeline, "feature_names_in_", columns)) != columns:
            raise ScoreloopError(
                f"version {self.number} reads other features than the stream's; train a new one"
            )
        known = getattr(pipeline, "classes_", ())
        if bool(self._classes) != (len(known) > 0) or not set(known) <= set(range(len(self._classes))):
            raise ScoreloopError(
                f"version {self.number} answers other classes than the stream's; train a new one"
            )
        [answer] = self.scored([self._plain])
        if isinstance(answer, Failure):
            raise ScoreloopError(
                f"version {self.number} cannot answer a row of zeros ({answer.detail}); train a new one"
            )


def _plain(feature: Feature) -> Value:
    """A value that the schema allows."""
    if feature.shape:
        return [0.0] * feature.shape[0]
    return (feature.values or ("",))[0] if feature.type == "category" else 0


def _finite(found: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows have an answer."""
    return np.asarray(np.isfinite(found).all(axis=1))


def _detail(error: Exception) -> str:
    """The exception's type and message, with what may be a value of the event left out."""
    text = f"{type(error).__name__}: {_QUOTED_OR_NUMBER.sub('…', str(error))}"
    return text if len(text) <= _MOST_DETAIL else text[: _MOST_DETAIL - 1] + "…"
