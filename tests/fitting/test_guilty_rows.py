"""Pipelines that fail on some row in every way that one can: that row is refused, and no other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from samples import settings

from models.scoring import Answer, Failure, Version

ONE = settings(features={"x": "number"}, labels={"classes": ["no", "yes"]})
AMOUNT = settings(task="regression", features={"x": "number"}, labels={"horizon": "1h"})
GUILTY = 13.0

Values = NDArray[np.float64]


def raises(_: Values) -> Values:
    raise RuntimeError("boom")


def recurses(_: Values) -> Values:
    raise RecursionError


def is_greedy(_: Values) -> Values:
    raise MemoryError("Unable to allocate 7.28 TiB for an array with shape (1000000000000,)")


def divides(_: Values) -> Values:
    raise ZeroDivisionError("float division by zero")


def not_a_number(found: Values) -> Values:
    return np.where(np.isnan(found), np.nan, found)


def too_few(found: Values) -> Values:
    return found[~np.isnan(found)]


def too_many(found: Values) -> Values:
    return np.concatenate([found, found])


def none_at_all(_: Values) -> Values:
    return np.empty(0)


WAYS = [raises, recurses, is_greedy, divides, not_a_number, too_few, too_many, none_at_all]


class Failing:
    """Plays a pipeline over one number that goes wrong, in its way, where it meets 13; counts its calls."""

    classes_ = np.array([0, 1])

    def __init__(self, way: Callable[[Values], Values]) -> None:
        self.calls = 0
        self._way = way

    def __getitem__(self, _: int) -> object:
        return self

    def predict(self, frame: Any) -> Values:
        self.calls += 1
        x: Values = frame["x"].to_numpy()
        guilty = x == GUILTY
        return self._way(np.where(guilty, np.nan, x)) if guilty.any() else x

    def predict_proba(self, frame: Any) -> Values:
        chance = self.predict(frame) / 100
        return np.column_stack([1 - chance, chance])


class Numbers(Failing):
    """The same for a regression."""

    classes_ = ()


def classifying(way: Callable[[Values], Values]) -> tuple[Version, Any]:
    pipeline: Any = Failing(way)
    return Version(7, pipeline, ONE.features, ONE.task, ONE.classes), pipeline


def predicting(way: Callable[[Values], Values]) -> tuple[Version, Any]:
    pipeline: Any = Numbers(way)
    return Version(7, pipeline, AMOUNT.features, AMOUNT.task, ()), pipeline


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [classifying, predicting])
@pytest.mark.parametrize("guilty", [{0}, {499}, {7, 8, 300}, set(range(0, 500, 50)), set()])
def test_the_guilty_row_is_refused_and_no_other(made: Any, way: Any, guilty: set[int]) -> None:
    version, _ = made(way)
    given = [(GUILTY if i in guilty else float(i % 10),) for i in range(500)]
    found = version.scored(given)
    assert {i for i, one in enumerate(found) if isinstance(one, Failure)} == guilty
    innocent = [row for i, row in enumerate(given) if i not in guilty]
    assert [one for one in found if isinstance(one, Answer)] == version.scored(innocent)


def test_one_guilty_row_of_five_thousand_costs_few_calls() -> None:
    version, pipeline = classifying(raises)
    pipeline.calls = 0
    version.scored([(GUILTY if i == 1_234 else 1.0,) for i in range(5_000)])
    assert pipeline.calls <= 2 * 13 + 1


def test_a_batch_of_guilty_rows_only_costs_two_calls_a_row() -> None:
    version, pipeline = classifying(raises)
    pipeline.calls = 0
    version.scored([(GUILTY,)] * 100)
    assert pipeline.calls <= 2 * 100


def test_a_machine_without_memory_refuses_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    version, pipeline = classifying(is_greedy)
    assert [type(one) for one in version.scored([(1.0,), (GUILTY,)])] == [Answer, Failure]

    def fails(_: object) -> Values:
        raise MemoryError

    monkeypatch.setattr(pipeline, "predict_proba", fails)
    with pytest.raises(MemoryError):
        version.scored([(1.0,), (GUILTY,)])


def test_what_was_raised_is_told_without_values() -> None:
    version, _ = classifying(is_greedy)
    [failure] = version.scored([(GUILTY,)])
    assert failure == Failure("MemoryError: Unable to allocate … TiB for an array with shape (…,)")
    version, _ = predicting(too_few)
    [failure] = version.scored([(GUILTY,)])
    assert failure == Failure("ValueError: … answers for … rows")
