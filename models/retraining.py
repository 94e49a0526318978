"""Retraining: a challenger from labelled events, and the gate that it has to pass against the champion.

How far back to learn from is the question after a change: rows since then are few, and those before teach
what no longer holds. So the best pipeline learns from several windows, each ending where the gate part
begins, and the newest labelled events, which none of them saw, decide: between the windows, and between the
best of them and the champion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.settings import Settings
from models.grids import GRIDS, Grids
from models.holdout import measured
from models.labelled import Labelled
from models.problem import Candidate, Problem, problem
from models.retraining_parts import NotBetterError, Parts, split
from models.search import ALONE, Means, Progress, best, searched, splits
from models.training import Trained, described


@dataclass(frozen=True)
class Tried:
    """What came of one window on the gate part."""

    name: str
    begin: int
    rows: int
    fitted: Pipeline
    answers: NDArray[np.float64]
    losses: tuple[float, float]
    """Summed loss, and what decides between equals."""


def retrain(
    settings: Settings,
    labelled: Labelled,
    change_ts: int | None,
    number: int,
    champion: Pipeline,
    tell: Progress,
    *,
    grids: Grids | None = None,
    means: Means = ALONE,
) -> Trained:
    """The challenger that takes the place of `champion`, version `number`.

    The gate part is the newest `training.holdout` of the rows since `change_ts`, or of all without one. The
    challenger passes if its summed loss there is lower than the champion's, and then learns from that part
    too. Its metrics are those on the gate part, with `gate`: what it was held against. The same rows,
    settings and packages give the same answer. `grids` takes the place of what is tried of each family;
    `means` is what the search works with.

    Raises:
        NotBetterError: the rows are too few or teach nothing, or the champion is as good.
    """
    training = settings.training
    try:
        parts = split(labelled.ts, change_ts, training.holdout)
        given = problem(settings, labelled.rows, labelled.labels)
        folds = splits(given, parts.gate, training.folds, parts.search)
        listed = grids or GRIDS[given.task]
        judged = searched(given, training.families, folds, listed, tell, training.trials, means)
        winner = best(judged)
    except ScoreloopError as error:
        raise NotBetterError(f"{error}; version {number} stays champion") from None
    tried = list(_tried(given, winner, parts, tell))
    known = _losses(given, champion, parts.gate)
    chosen = _better(tried, known, winner, number, len(labelled.rows) - parts.gate)
    gate = slice(parts.gate, None)
    metrics = measured(given, chosen.fitted, chosen.answers, gate, settings.positive_index)
    metrics["gate"] = _gate(number, known, chosen, tried, metrics["rows"])
    if known is not None:
        metrics["gate"] |= _apart(given, chosen.answers, champion, gate)
    tell(f"passed with {chosen.name}; training on {len(labelled.rows) - chosen.begin} rows")
    fitted = given.fitted(winner, slice(chosen.begin, None))
    return described(settings, given, fitted, winner, judged, metrics, labelled.rows[chosen.begin :])


def gated(
    settings: Settings,
    labelled: Labelled,
    change_ts: int | None,
    number: int,
    champion: Pipeline,
    challenger: Pipeline,
) -> dict[str, Any]:
    """The metrics of a `challenger` that was not trained here, by the gate that `retrain` has for its own.

    Raises:
        NotBetterError: the rows are too few, the challenger fails on them, or the champion is as good.
    """
    try:
        parts = split(labelled.ts, change_ts, settings.training.holdout)
        given = problem(settings, labelled.rows, labelled.labels)
        gate = slice(parts.gate, None)
        answers = given.answers(challenger, gate)
        brought = Tried("as it was brought", parts.gate, 0, challenger, answers, given.losses(answers, gate))
    except ScoreloopError as error:
        raise NotBetterError(f"{error}; version {number} stays champion") from None
    except (ValueError, ArithmeticError) as error:
        raise NotBetterError(f"the challenger fails on the newest labelled events: {error}") from None
    known = _losses(given, champion, parts.gate)
    chosen = _better([brought], known, "the challenger", number, len(labelled.rows) - parts.gate)
    metrics = measured(given, challenger, answers, gate, settings.positive_index)
    return {**metrics, "gate": _gate(number, known, chosen, [brought], metrics["rows"])}


def _tried(given: Problem, winner: Candidate, parts: Parts, tell: Progress) -> Iterator[Tried]:
    """Each window's outcome; one on which the fit fails is left out."""
    gate = slice(parts.gate, None)
    for begin, name in parts.windows.items():
        try:
            fitted = given.fitted(winner, slice(begin, parts.gate))
            answers = given.answers(fitted, gate)
            losses = given.losses(answers, gate)
        except (ValueError, ArithmeticError) as error:
            tell(f"{winner} on {name}: {type(error).__name__}: {error}")
            continue
        tell(f"{winner} on {name}, {parts.gate - begin} rows: error {losses[0] / len(answers):.4g}")
        yield Tried(name, begin, parts.gate - begin, fitted, answers, losses)


def _losses(given: Problem, champion: Pipeline, gate: int) -> float | None:
    """The champion's summed loss on the gate part, None where it cannot answer it."""
    part = slice(gate, None)
    try:
        return given.losses(given.answers(champion, part), part)[0]
    except (ValueError, ArithmeticError):
        return None


def _better(
    tried: Sequence[Tried], known: float | None, winner: Candidate | str, number: int, rows: int
) -> Tried:
    """The best of `tried`, of equals the first, where its loss is below `known`, the champion's."""
    if not tried:
        raise NotBetterError(
            f"{winner} was best in the search but fails on the newest {rows} labelled events"
        )
    chosen = min(tried, key=lambda one: one.losses)
    if known is not None and chosen.losses[0] >= known:
        raise NotBetterError(
            f"the best challenger's error of {chosen.losses[0] / rows:.4g} is not below the champion's "
            f"{known / rows:.4g} on the newest {rows} labelled events; version {number} stays champion"
        )
    return chosen


def _apart(given: Problem, answers: NDArray[np.float64], champion: Pipeline, gate: slice) -> dict[str, int]:
    """On how many events of the gate part its loss is larger than the champion's, and smaller."""
    new, old = given.each(answers, gate), given.each(given.answers(champion, gate), gate)
    return {"worse": int((new > old).sum()), "better": int((new < old).sum())}


def _gate(
    number: int, known: float | None, chosen: Tried, tried: Sequence[Tried], rows: int
) -> dict[str, Any]:
    """What the challenger was held against, as JSON."""
    return {
        "champion": number,
        "champion_error": None if known is None else known / rows,
        "rows": rows,
        "window": chosen.name,
        "windows": [{"name": one.name, "rows": one.rows, "error": one.losses[0] / rows} for one in tried],
    }
