"""Policies to hold others against: refits at given moments, without alarm and without gate.

Each learns as the first version did: by the estimator that its search found, fitted anew. What it learns from
are labels that had come by then, the first version's rows among them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from backtest.history import History
from backtest.told import Told, Training
from events.settings import Settings
from models.pipelines import outputs
from models.problem import Candidate, Problem, problem
from models.training import Trained
from producers.examples import Examples

WINDOW = 2_000
"""Labels that a periodic refit learns from, the newest."""
PERIODS = (500, 1_000, 2_000, 5_000)
"""Events between two of them."""
ORACLE = 1_000
"""Labels after a drift that the oracle waits for and learns from."""


@dataclass(frozen=True)
class Refit:
    """Learn from the labels at positions `labels` of the history, and answer from the event `at` on.

    With fewer than `WINDOW` of them the newest of the first version's rows are taken along, if `filled`.
    """

    at: int
    labels: slice
    filled: bool = True


@dataclass(frozen=True)
class Ground:
    """What baselines start from: the first version, the rows that it learned from, and what comes then."""

    settings: Settings
    history: History
    first: Trained
    examples: Examples

    @cached_property
    def usable(self) -> NDArray[np.intp]:
        """The events that have a label in the file and everything that is required."""
        truths, incomplete = self.history.truths, self.history.incomplete
        found = [i for i, truth in enumerate(truths) if truth is not None and i not in incomplete]
        return np.array(found, dtype=np.intp)

    @cached_property
    def problem(self) -> Problem:
        """The first version's rows, then the usable events."""
        rows = [*self.examples.rows, *(self.history.rows[i] for i in self.usable)]
        truths = self.history.truths
        labels = [*self.examples.labels, *(t for i in self.usable if (t := truths[i]) is not None)]
        return problem(self.settings, rows, labels)

    @cached_property
    def candidate(self) -> Candidate:
        """What the first version's search found."""
        return Candidate(self.first.params["family"], self.first.params["params"])

    def learned(self, refit: Refit) -> Pipeline | None:
        """The version that `refit` makes; None where its labels teach nothing."""
        before = len(self.examples.rows)
        events = np.array(self.history.of[refit.labels], dtype=np.intp)
        rows = before + np.searchsorted(self.usable, events[np.isin(events, self.usable)])
        if refit.filled:
            rows = np.concatenate([np.arange(max(0, before - WINDOW + len(rows)), before), rows])
        classes = len(np.unique(self.problem.targets[rows]))
        return None if classes < min(2, 1 + self.problem.classes) else self._fitted(rows)

    def _fitted(self, rows: NDArray[np.intp]) -> Pipeline:
        return self.problem.fitted(self.candidate, rows)

    def losses(self, version: Pipeline, begin: int, end: int) -> NDArray[np.float64]:
        """A version's losses on the events from `begin` up to `end`, NaN for those that are not usable."""
        found = np.full(end - begin, np.nan)
        low, high = np.searchsorted(self.usable, [begin, end])
        if low == high:
            return found
        part = slice(len(self.examples.rows) + low, len(self.examples.rows) + high)
        answers = outputs(version, self.problem.frame.iloc[part], self.problem.classes)
        targets = self.problem.targets[part]
        losses = answers.argmax(axis=1) != targets if self.problem.classes else (answers[:, 0] - targets) ** 2
        found[self.usable[low:high] - begin] = losses
        return found


def refitted(policy: str, ground: Ground, refits: Sequence[Refit], training_time: int) -> Told:
    """What becomes of `refits`, in order of time; each serves after `training_time` milliseconds."""
    history = ground.history
    told = Told(policy, np.full(len(history), np.nan))
    version, begin = ground.first.pipeline, 0
    for refit in refits:
        made = ground.learned(refit)
        if made is None:
            continue
        told.trainings.append(Training(history.time(refit.at), by_alarm=False))
        at = bisect_left(history.times, history.time(refit.at) + training_time, lo=refit.at)
        told.losses[begin:at] = ground.losses(version, begin, at)
        told.promotions.append(history.time(at))
        version, begin = made, at
    told.losses[begin:] = ground.losses(version, begin, len(history))
    return told


def periodic(history: History, period: int) -> Iterator[Refit]:
    """A refit every `period` events."""
    return newest(history, range(period, len(history), period))


def random(history: History, count: int, seed: int) -> Iterator[Refit]:
    """`count` refits at random."""
    chance = np.random.default_rng(seed)
    count = min(count, len(history) - 1)
    return newest(history, sorted((1 + chance.choice(len(history) - 1, count, replace=False)).tolist()))


def oracle(history: History, drifts: Sequence[int]) -> Iterator[Refit]:
    """A refit for each drift, known by its row, on the first `ORACLE` labels after it."""
    of = np.array(history.of, dtype=np.intp)
    for drift in sorted(drifts):
        first = int(np.searchsorted(of, drift - history.first))
        at = int(np.searchsorted(history.known, first + ORACLE))
        if at < len(history):
            yield Refit(at, slice(first, first + ORACLE), filled=False)


def newest(history: History, moments: Sequence[int]) -> Iterator[Refit]:
    """Refits on the newest labels at `moments`, each an event."""
    for at in moments:
        known = history.known[at]
        yield Refit(at, slice(max(0, known - WINDOW), known))


def no_change(ground: Ground) -> Told:
    """The newest label that has come, as the answer to each event."""
    history, given = ground.history, ground.problem
    told = Told("delayed-no-change", np.full(len(history), np.nan))
    before = len(ground.examples.rows)
    place = {int(event): before + i for i, event in enumerate(ground.usable)}
    newest_label = np.array([place.get(event, -1) for event in history.of], dtype=np.intp)
    last = before - 1
    come = 0
    for event in ground.usable.tolist():
        while come < history.known[event]:
            last = newest_label[come] if newest_label[come] >= 0 else last
            come += 1
        apart = given.targets[place[event]] - given.targets[last]
        told.losses[event] = float(apart != 0) if given.classes else float(apart) ** 2
    return told
