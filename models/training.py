"""Training: from rows in order of time to a fitted pipeline and its figures on rows that it had not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.schema import Label
from events.settings import Settings
from models.families import bare
from models.frame import Row
from models.grids import GRIDS, Grids
from models.holdout import measured
from models.problem import Candidate, Problem, problem
from models.reference import reference
from models.search import ALONE, Judged, Means, Progress, best, searched, splits


@dataclass(frozen=True)
class Trained:
    """A version before it has a number.

    `params` says how it was found: `family`, `params` of the estimator, `folds`, `holdout`, `seed`,
    `preparation` (what the settings say of it), and `candidates` with the losses of all that were tried.
    `metrics` are `models.holdout`'s figures on the newest rows, by the pipeline that had learned from those
    before. Both are JSON.
    """

    pipeline: Pipeline
    """Fitted on all rows, the holdout too."""
    estimator: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    reference: dict[str, Any]
    """`models.reference` of the rows that it learned from; JSON, too."""
    rows: Sequence[Row] = ()
    """These rows."""


def train(
    settings: Settings,
    rows: Sequence[Row],
    labels: Sequence[Label],
    progress: Progress | None = None,
    *,
    grids: Grids | None = None,
    means: Means = ALONE,
) -> Trained:
    """The best of the settings' families for `rows`, which are in order of time.

    The newest `training.holdout` share of the rows is kept apart; the candidates are judged on
    `training.folds` time-ordered folds of the others; the winner is measured on the holdout, then learns from
    all rows. The same rows, settings and packages give the same answer. `grids` takes the place of what is
    tried of each family; `means` is what the search works with.

    Raises:
        ScoreloopError: the rows are too few, a label is none of the classes, or all have one class.
    """
    given = problem(settings, rows, labels)
    training = settings.training
    tell = progress or (lambda _: None)
    before = len(rows) - max(1, round(len(rows) * training.holdout))
    folds = splits(given, before, training.folds)
    tried = grids or GRIDS[given.task]
    judged = searched(given, training.families, folds, tried, tell, training.trials, means)
    winner = best(judged)
    tell(f"best: {winner}; measuring it on the newest {len(rows) - before} rows")
    metrics = _measured(given, winner, before, settings.positive_index)
    tell(f"holdout error {metrics['error']:.4g}; training on all {len(rows)} rows")
    fitted = given.fitted(winner, slice(None))
    return described(settings, given, fitted, winner, judged, metrics, rows)


def described(
    settings: Settings,
    given: Problem,
    fitted: Pipeline,
    winner: Candidate,
    judged: Sequence[Judged],
    metrics: dict[str, Any],
    rows: Sequence[Row],
) -> Trained:
    """`fitted` as a version: the `winner` among those `judged`, with its `metrics`, learned from `rows`."""
    tie = "log_loss" if given.classes else "mae"
    return Trained(
        pipeline=fitted,
        estimator=f"{winner.family}: {type(bare(fitted[-1])).__name__}",
        params={
            "family": winner.family,
            "params": dict(winner.params),
            **settings.training.model_dump(include={"folds", "holdout", "seed"}),
            "preparation": given.preparation.model_dump(mode="json", exclude_defaults=True),
            "candidates": [_row(one, tie) for one in judged],
        },
        metrics=metrics,
        reference=reference(settings, rows).stated(),
        rows=rows,
    )


def _measured(given: Problem, winner: Candidate, before: int, positive: int) -> dict[str, Any]:
    """The figures on the rows from `before` by a pipeline that learned from those up to it."""
    holdout = slice(before, None)
    try:
        fitted = given.fitted(winner, slice(before))
        answers = given.answers(fitted, holdout)
    except (ValueError, ArithmeticError) as error:
        raise ScoreloopError(
            f"{winner} was best in the search but fails on the newest rows: {error}"
        ) from None
    return measured(given, fitted, answers, holdout, positive)


def _row(one: Judged, tie: str) -> dict[str, Any]:
    """One line of the search's table."""
    return {
        "family": one.candidate.family,
        "params": dict(one.candidate.params),
        "error": one.error,
        tie: one.tie,
        "failed": one.failed,
    }
