"""What is to be learned, a frame and its targets; how a candidate learns from some rows, and is judged."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.schema import Features, Label
from events.settings import Family, Settings
from events.settings.preparation import PLAIN, Preparation
from models import figures
from models.families import Task
from models.frame import Row, frame
from models.pipelines import outputs, pipeline
from models.preparation import without_functions
from models.targets import targets_of
from models.threads import one_thread

Rows = slice | NDArray[np.intp]
"""Which rows, by position."""


@dataclass(frozen=True)
class Candidate:
    """A family and its estimator's parameters, by scikit-learn's names."""

    family: Family
    params: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join([self.family, *(f"{name}={value}" for name, value in self.params.items())])


@dataclass(frozen=True)
class Problem:
    """`frame` → `targets`, in order of time: indexes of classes, or numbers where `classes` is 0."""

    features: Features
    frame: pd.DataFrame
    targets: NDArray[Any]
    classes: int
    seed: int
    preparation: Preparation = PLAIN

    @property
    def task(self) -> Task:
        """The task that the targets make it."""
        return "classification" if self.classes else "regression"

    def fitted(self, candidate: Candidate, rows: Rows) -> Pipeline:
        """A pipeline that learned from `rows` and nothing else.

        In one thread: quicker up to ten thousand rows, and the bits do not depend on the number of cores.
        """
        frame = self.frame.iloc[rows]
        empty = list(frame.columns[frame.isna().all()])
        made = pipeline(
            candidate.family, self.features, self.task, candidate.params, self.seed, empty, self.preparation
        )
        with one_thread(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that went badly shows in its loss
            return without_functions(made.fit(frame, self.targets[rows]))

    def answers(self, fitted: Pipeline, rows: Rows) -> NDArray[np.float64]:
        """The pipeline's outputs for `rows`.

        Raises:
            ValueError: an answer is not finite.
        """
        return self.answers_to(fitted, self.frame.iloc[rows])

    def answers_to(self, fitted: Pipeline, frame: pd.DataFrame) -> NDArray[np.float64]:
        """The pipeline's outputs for a frame of the same columns.

        Raises:
            ValueError: an answer is not finite.
        """
        answers = outputs(fitted, frame, self.classes)
        if not np.isfinite(answers).all():
            raise ValueError("an answer is not finite")
        return answers

    def losses(self, answers: NDArray[np.float64], rows: Rows) -> tuple[float, float]:
        """The sums over `rows` of the stream's loss, and of what decides between equals.

        These are 0/1 and log loss for a classification, squared and absolute error for a regression.

        Raises:
            FloatingPointError: an error's square is too large for a number.
        """
        targets = self.targets[rows]
        if not self.classes:
            return float(self.each(answers, rows).sum()), float(np.abs(answers[:, 0] - targets).sum())
        given = np.maximum(answers[np.arange(len(targets)), targets], figures.FLOOR)
        return int(self.each(answers, rows).sum()), -float(np.log(given).sum())

    def each(self, answers: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
        """The stream's loss of each of `rows`: 0/1, or the squared error.

        Raises:
            FloatingPointError: an error's square is too large for a number.
        """
        if self.classes:
            wrong: NDArray[np.bool_] = answers.argmax(axis=1) != self.targets[rows]
            return wrong.astype(np.float64)
        with np.errstate(over="raise"):
            errors = answers[:, 0] - self.targets[rows]
            losses: NDArray[np.float64] = np.square(errors)
        return losses


def problem(settings: Settings, rows: Sequence[Row], labels: Sequence[Label]) -> Problem:
    """The problem that `rows`, in order of time, and their labels set.

    Raises:
        ScoreloopError: there are no rows, a label is no class or no number, or all have one class.
    """
    if not rows:
        raise ScoreloopError("there are no rows to train on; give some that have labels")
    targets = targets_of(labels, settings.classes)
    if settings.classes and len(np.unique(targets)) == 1:
        raise ScoreloopError(
            f"all {len(labels)} rows have the label {labels[0]!r:.60}; a classification is learned from rows "
            "of at least two classes"
        )
    return Problem(
        features=settings.features,
        frame=frame(settings.features, rows),
        targets=targets,
        classes=len(settings.classes),
        seed=settings.training.seed,
        preparation=settings.preparation,
    )
