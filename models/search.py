"""The search for a pipeline: each candidate is judged on rows that come after those it learned from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from joblib import Parallel, cpu_count, delayed
from sklearn.model_selection import TimeSeriesSplit

from events.errors import ScoreloopError
from events.settings import Family
from models.grids import RANGES, Grids, candidates
from models.journal import Journal, Losses, Positions, named
from models.problem import Candidate, Problem
from models.proposals import Proposals
from models.registry import Registry

Progress = Callable[[str], None]
Splits = Sequence[tuple[Positions, Positions]]
"""For each fold the rows to learn from, and later rows to be judged on."""

PARALLEL_CELLS = 1_000_000
"""Numbers in the frame from which processes are worth the seconds that they take to start."""
AT_ONCE = 8
"""Candidates that are proposed together. As many with one process as with a hundred: what is proposed next
depends on what is known by then."""


@dataclass(frozen=True)
class Means:
    """With what a search works. What it finds depends on `spent` alone."""

    spent: Callable[[], bool] = lambda: False
    """Once it says so no further candidate is tried."""
    processes: int | None = None
    """How many fit at the same time; None for one a core where the frame is large, else one. Where joblib has
    been told of a cluster, that decides."""
    registry: Registry | None = None
    """Where what was found is kept meanwhile, so that the same search goes on from there."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The packages by which it is found."""


ALONE = Means()


@dataclass(frozen=True)
class Judged:
    """A candidate with its mean loss over the rows of all folds, or why it could not be trained.

    `tie` decides between equals: the mean log loss, or the mean absolute error.
    """

    candidate: Candidate
    error: float | None = None
    tie: float | None = None
    failed: str | None = None

    def __str__(self) -> str:
        return f"{self.candidate}: {self.failed or f'error {self.error:.4g}'}"


def searched(
    problem: Problem,
    families: Sequence[Family],
    splits: Splits,
    grids: Grids,
    progress: Progress,
    trials: int | None = None,
    means: Means = ALONE,
) -> list[Judged]:
    """The candidates of `families`, judged on all `splits`: those of `grids`, at most `trials` of them.

    Where that are fewer than `trials`, then what `models.proposals` makes of their errors; what is proposed
    again counts and is judged once. One at least, and none after `means` are spent. The outcome is the same
    by however many processes, and where an earlier search was ended in its midst.
    """
    first = candidates(families, grids, trials)
    ranges, total, more = RANGES[problem.task], len(first), None
    if trials is not None and trials > total and ranges.keys() & set(families):
        more, total = Proposals(families, grids, ranges, problem.seed), trials
    search = _Search(problem, splits, progress, means, total)
    for one in search.judged(first):
        if more:
            more.known(one.candidate, one.error)
    tried = len(first)
    while more and tried < total and not means.spent():
        asked = more.asked(min(AT_ONCE, total - tried))
        found = list(search.judged(asked))
        if len(found) == len(asked):
            more.told([one.error for one in found])
        tried += len(asked)
    return search.found


class _Search:
    """Judges candidates; `found` has each once, in the order of their judging."""

    def __init__(
        self, problem: Problem, splits: Splits, progress: Progress, means: Means, total: int
    ) -> None:
        self.found: list[Judged] = []
        self._problem, self._splits, self._progress = problem, splits, progress
        self._means, self._total, self._done = means, total, 0
        self._journal = Journal(means.registry, named(problem, splits, means.environment))
        large = problem.frame.size >= PARALLEL_CELLS
        self._jobs = means.processes or (cpu_count() if large else 1)
        self._rows = sum(len(judge) for _, judge in splits)

    def judged(self, asked: Sequence[Candidate]) -> Iterator[Judged]:
        """Those of `asked` that there was time for, in their order."""
        unknown = [one for i, one in enumerate(asked) if self._journal[one] is None and one not in asked[:i]]
        losses = self._losses(unknown) if unknown else iter(())
        for candidate in asked:
            known = self._journal[candidate]
            if folds := known or list(islice(losses, len(self._splits))):
                self._journal[candidate] = folds
                yield self._noted(_judged(candidate, folds, self._rows), "" if known is None else ", known")

    def _losses(self, unknown: Sequence[Candidate]) -> Iterator[Losses]:
        """What each fold of each candidate finds; of none that is not begun before the time is spent."""
        losses: Iterator[Losses] = Parallel(n_jobs=self._jobs, return_as="generator", max_nbytes=None)(
            delayed(_Fit(self._problem, candidate, *split))()
            for number, candidate in enumerate(unknown)
            if (number == 0 and not self._done) or not self._means.spent()
            for split in self._splits
        )
        return losses

    def _noted(self, one: Judged, since: str) -> Judged:
        self._done += 1
        if one.candidate not in [other.candidate for other in self.found]:
            self.found.append(one)
        self._progress(f"{self._done} of {self._total}: {one}{since}")
        return one


@dataclass(frozen=True, eq=False)  # joblib hashes what it sends to Dask
class _Fit:
    """One fold of one candidate, as it is sent to another process: in one piece.

    Dask puts large arguments aside on one worker, and a search whose worker is killed would miss them.
    """

    problem: Problem
    candidate: Candidate
    learn: Positions
    judge: Positions

    def __call__(self) -> Losses:
        problem = self.problem
        try:
            fitted = problem.fitted(self.candidate, self.learn)
            return problem.losses(problem.answers(fitted, self.judge), self.judge)
        except (ValueError, ArithmeticError) as error:  # numbers that a family cannot take; others may
            return f"{type(error).__name__}: {error}"


def splits(problem: Problem, end: int, folds: int, begin: int = 0) -> Splits:
    """The rows from `begin` up to `end` in time-ordered folds.

    A fold whose earlier rows all have one class teaches nothing and is left out.

    Raises:
        ScoreloopError: there are too few rows, or no fold is left.
    """
    rows = end - begin
    if rows <= folds:
        raise ScoreloopError(
            f"only {rows} rows come before the holdout, and [training] folds = {folds} needs {folds + 1}; "
            "give more rows"
        )
    found = [
        (learn + begin, judge + begin)
        for learn, judge in TimeSeriesSplit(folds).split(np.arange(rows))
        if not problem.classes or len(np.unique(problem.targets[learn + begin])) > 1
    ]
    if not found:
        raise ScoreloopError(
            "the oldest rows all have one label, so nothing is learned from them; give more rows, or fewer "
            "that begin later"
        )
    return found


def best(judged: Iterable[Judged]) -> Candidate:
    """The candidate with the least loss; of equals the one with the lesser tie-breaker, then the first.

    Raises:
        ScoreloopError: none could be trained.
    """
    able = [one for one in judged if one.failed is None]
    if not able:
        raise ScoreloopError(f"no model could be trained: {next(iter(judged))}")
    return min(able, key=lambda one: (one.error, one.tie)).candidate


def _judged(candidate: Candidate, folds: Sequence[Losses], rows: int) -> Judged:
    able = []
    for fold in folds:
        if isinstance(fold, str):
            return Judged(candidate, failed=fold)
        able.append(fold)
    error, tie = (sum(sums) / rows for sums in zip(*able, strict=True))
    return Judged(candidate, error, tie)
