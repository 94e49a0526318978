"""Retraining: a challenger from labelled events, and the gate that it has to pass against the champion.

How far back to learn from is the question after a change: rows since then are few, and those before teach
what no longer holds. So the best pipeline learns from several windows, each ending where the gate part
begins, and the newest labelled events, which none of them saw, nor did the champion, decide: between the
windows, and between the best of them and the champion. Windows that they cannot tell from the best are
averaged with it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.settings import Settings
from models import paired
from models.averaging import averaged, within_noise
from models.grids import GRIDS, Grids
from models.holdout import measured
from models.labelled import Labelled
from models.problem import Candidate, Problem, problem
from models.retraining_parts import NotBetterError, Parts, split
from models.search import ALONE, Means, Progress, best, searched, splits
from models.training import Trained, described


@dataclass(frozen=True)
class Champion:
    """Who has to be beaten."""

    number: int
    pipeline: Pipeline
    learned_until: int | None = None
    """The event time of the newest labelled event that it learned from; None where it saw none of these."""


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
    each: NDArray[np.float64]
    """Event by event."""


@dataclass(frozen=True)
class Chosen:
    """The windows whose mean takes the champion's place, the best first."""

    of: Sequence[Tried]
    answers: NDArray[np.float64]
    each: NDArray[np.float64]

    @property
    def name(self) -> str:
        """For a person."""
        return " and ".join(one.name for one in self.of)


def retrain(
    settings: Settings,
    labelled: Labelled,
    change_ts: int | None,
    champion: Champion,
    tell: Progress,
    *,
    alpha: float | None = None,
    grids: Grids | None = None,
    means: Means = ALONE,
) -> Trained:
    """The challenger that takes the place of `champion`.

    The gate part is the newest `training.holdout` of the rows since `change_ts`; without one, of those since
    what the champion learned from. The challenger passes if its summed loss there is lower than the
    champion's; with `alpha` only if it is better by evidence that is wrong with probability `alpha` at most.
    It then learns from that part too. Its metrics are those on the gate part, with `gate`: what it was held
    against. The same rows, settings and packages give the same answer. `grids` takes the place of what is
    tried of each family; `means` is what the search works with.

    Raises:
        NotBetterError: the rows are too few or teach nothing, or the champion is as good.
    """
    training = settings.training
    try:
        parts = split(labelled.ts, change_ts, training.holdout, champion.learned_until)
        given = problem(settings, labelled.rows, labelled.labels)
        folds = splits(given, parts.gate, training.folds, parts.search)
        listed = grids or GRIDS[given.task]
        judged = searched(given, training.families, folds, listed, tell, training.trials, means)
        winner = best(judged)
    except ScoreloopError as error:
        raise NotBetterError(f"{error}; version {champion.number} stays champion") from None
    gate = slice(parts.gate, None)
    tried = list(_tried(given, winner, parts, tell))
    chosen = _chosen(given, tried, winner, gate)
    known = _known(given, champion.pipeline, gate)
    _refuse_no_better(chosen.each, known, champion.number, alpha)
    held_out = averaged([one.fitted for one in chosen.of], given.classes)
    metrics = measured(given, held_out, chosen.answers, gate, settings.positive_index)
    metrics["gate"] = _gate(champion.number, known, chosen, tried, metrics["rows"])
    begin = min(one.begin for one in chosen.of)
    tell(f"passed with {chosen.name}; training on {len(labelled.rows) - begin} rows")
    fitted = averaged([given.fitted(winner, slice(one.begin, None)) for one in chosen.of], given.classes)
    return described(settings, given, fitted, winner, judged, metrics, labelled.rows[begin:])


def gated(
    settings: Settings,
    labelled: Labelled,
    change_ts: int | None,
    champion: Champion,
    challenger: Pipeline,
) -> dict[str, Any]:
    """The metrics of a `challenger` that was not trained here, by the gate that `retrain` has for its own.

    Raises:
        NotBetterError: the rows are too few, the challenger fails on them, or the champion is as good.
    """
    try:
        parts = split(labelled.ts, change_ts, settings.training.holdout, champion.learned_until)
        given = problem(settings, labelled.rows, labelled.labels)
        gate = slice(parts.gate, None)
        answers = given.answers(challenger, gate)
        losses, each = given.losses(answers, gate), given.each(answers, gate)
    except ScoreloopError as error:
        raise NotBetterError(f"{error}; version {champion.number} stays champion") from None
    except (ValueError, ArithmeticError) as error:
        raise NotBetterError(f"the challenger fails on the newest labelled events: {error}") from None
    brought = Tried("as it was brought", parts.gate, 0, challenger, answers, losses, each)
    known = _known(given, champion.pipeline, gate)
    _refuse_no_better(each, known, champion.number, None)
    metrics = measured(given, challenger, answers, gate, settings.positive_index)
    chosen = Chosen([brought], answers, each)
    return {**metrics, "gate": _gate(champion.number, known, chosen, [brought], metrics["rows"])}


def _tried(given: Problem, winner: Candidate, parts: Parts, tell: Progress) -> Iterator[Tried]:
    """Each window's outcome; one on which the fit fails is left out."""
    gate = slice(parts.gate, None)
    for begin, name in parts.windows.items():
        try:
            fitted = given.fitted(winner, slice(begin, parts.gate))
            answers = given.answers(fitted, gate)
            losses, each = given.losses(answers, gate), given.each(answers, gate)
        except (ValueError, ArithmeticError) as error:
            tell(f"{winner} on {name}: {type(error).__name__}: {error}")
            continue
        tell(f"{winner} on {name}, {parts.gate - begin} rows: error {losses[0] / len(answers):.4g}")
        yield Tried(name, begin, parts.gate - begin, fitted, answers, losses, each)


def _chosen(given: Problem, tried: Sequence[Tried], winner: Candidate, gate: slice) -> Chosen:
    """The best of `tried`, of equals the first, and those within noise of it."""
    if not tried:
        rows = len(given.targets) - gate.start
        raise NotBetterError(
            f"{winner} was best in the search but fails on the newest {rows} labelled events"
        )
    best_of = min(range(len(tried)), key=lambda k: tried[k].losses)
    of = [tried[k] for k in within_noise([one.each for one in tried], best_of)]
    answers = np.mean([one.answers for one in of], axis=0)
    return Chosen(of, answers, given.each(answers, gate))


def _known(given: Problem, champion: Pipeline, gate: slice) -> NDArray[np.float64] | None:
    """The champion's losses on the gate part, None where it cannot answer it."""
    try:
        return given.each(given.answers(champion, gate), gate)
    except (ValueError, ArithmeticError):
        return None


def _refuse_no_better(
    ours: NDArray[np.float64], known: NDArray[np.float64] | None, number: int, alpha: float | None
) -> None:
    """Raise where the challenger's losses are no lower than the champion's, if these are `known`."""
    if known is None:
        return
    facts = f"{ours.mean():.4g} is not below the champion's {known.mean():.4g}"
    rows = len(ours)
    if ours.sum() >= known.sum():
        raise NotBetterError(
            f"the best challenger's error of {facts} on the newest {rows} labelled events; "
            f"version {number} stays champion"
        )
    better, worse = int(np.sum(ours < known)), int(np.sum(ours > known))
    if alpha is not None and paired.evidence(better, worse) < -math.log(alpha):
        raise NotBetterError(
            f"the best challenger's error of {facts} beyond doubt: of the newest {rows} labelled events it "
            f"was better on {better}, worse on {worse}; version {number} stays champion"
        )


def _gate(
    number: int, known: NDArray[np.float64] | None, chosen: Chosen, tried: Sequence[Tried], rows: int
) -> dict[str, Any]:
    """What the challenger was held against, as JSON."""
    return {
        **({} if known is None else _apart(chosen.each, known)),
        "champion": number,
        "champion_error": None if known is None else float(known.mean()),
        "rows": rows,
        "window": chosen.name,
        "averaged": [one.rows for one in chosen.of],
        "windows": [{"name": one.name, "rows": one.rows, "error": one.losses[0] / rows} for one in tried],
    }


def _apart(ours: NDArray[np.float64], known: NDArray[np.float64]) -> dict[str, int]:
    """On how many events of the gate part its loss is larger than the champion's, and smaller."""
    return {"worse": int((ours > known).sum()), "better": int((ours < known).sum())}
