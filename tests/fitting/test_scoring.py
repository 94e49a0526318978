import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sample_models import FAMILIES, PAIRS, fitted
from sample_rows import MIXED, NUMBERS, REGRESSION, rows
from samples import settings
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from events.errors import ScoreloopError
from events.settings import Family, Settings
from models import scoring, steady
from models.frame import Row, frame
from models.pipelines import outputs
from models.problem import Candidate, problem
from models.scoring import Answer, Failure, ScoringError, Version


def version(stream: Settings, family: Family = "linear", pipeline: Pipeline | None = None) -> Version:
    made = pipeline or fitted(family, stream)
    return Version(7, made, stream.features, stream.task, stream.classes)


def in_batches(scorer: Version, given: Sequence[Row], size: int) -> list[Answer | Failure]:
    return [answer for i in range(0, len(given), size) for answer in scorer.scored(given[i : i + size])]


WIDE = settings(
    features={
        "x": "number",
        "h": {"type": "number", "shape": [600]},
        "shop": {"type": "category", "nullable": True},
    },
    labels={"classes": [f"class {i}" for i in range(20)]},
)
"""Wide enough that BLAS changes its kernel with the number of rows and of threads."""


@pytest.mark.parametrize(("family", "stream"), [pair for pair in PAIRS if pair[1] is not MIXED])
def test_an_answer_is_the_same_bit_for_bit_in_any_batch(family: Family, stream: Settings) -> None:
    scorer, given = version(stream, family), rows(stream, 1_000, seed=3)
    whole = scorer.scored(given)
    assert in_batches(scorer, given[:130], 64) == whole[:130]
    assert in_batches(scorer, given[500:521], 7) == whole[500:521]
    assert in_batches(scorer, given[-3:], 1) == whole[-3:]


@pytest.fixture(scope="module")
def wide() -> Version:
    learned = rows(WIDE, 100)
    truth = [WIDE.classes[i % 20] for i in range(100)]
    made = problem(WIDE, learned, truth).fitted(Candidate("linear", {"max_iter": 5}), slice(None))
    return version(WIDE, pipeline=made)


def test_wide_linear_answers_are_the_same_bit_for_bit_in_any_batch(wide: Version) -> None:
    given = rows(WIDE, 250, seed=3)
    whole = wide.scored(given)
    assert in_batches(wide, given, 100) == whole
    assert in_batches(wide, given[:21], 7) == whole[:21]
    assert in_batches(wide, given[-3:], 1) == whole[-3:]


def test_wide_linear_answers_do_not_depend_on_the_number_of_cores(wide: Version) -> None:
    given = rows(WIDE, 100, seed=3)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(wide.scored(given))
    assert found[0] == found[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_the_pipelines_own(family: Family) -> None:
    given = rows(NUMBERS, 100, seed=4)
    own = outputs(fitted(family, NUMBERS), frame(NUMBERS.features, given), 3)
    answers = version(NUMBERS, family).answers(given)
    assert answers.predictions == [NUMBERS.classes[i] for i in own.argmax(axis=1)]
    assert answers.probabilities is not None
    found = [list(one.values()) for one in answers.probabilities]
    np.testing.assert_allclose(found, own, rtol=1e-12)
    assert all(list(one) == ["down", "same", "up"] for one in answers.probabilities)


def test_a_regression_answers_a_number_without_probabilities() -> None:
    answers = version(REGRESSION).answers(rows(REGRESSION, 3))
    assert answers.probabilities is None
    assert [type(one.prediction) for one in answers] == [float] * 3
    assert [one.probabilities for one in answers] == [None] * 3


def test_columns_and_rows_say_the_same() -> None:
    given = rows(MIXED, 10)
    answers = version(MIXED).answers(given)
    assert len(answers) == 10
    assert list(answers) == version(MIXED).scored(given)


def test_no_rows_have_no_answers() -> None:
    for stream in (MIXED, REGRESSION):
        assert version(stream).scored([]) == []
        assert list(version(stream).answers([])) == []


def test_classes_keep_their_json_type_and_have_keys() -> None:
    stream = settings(features={"x": "number"}, labels={"classes": [False, 1, "one"]})
    given = [(float(i % 3),) for i in range(30)]
    made = problem(stream, given, [stream.classes[i % 3] for i in range(30)]).fitted(
        Candidate("tree", {}), slice(None)
    )
    found = list(version(stream, pipeline=made).answers([(0.0,), (1.0,), (2.0,)]))
    assert [(type(one.prediction), one.prediction) for one in found] == [
        (bool, False),
        (int, 1),
        (str, "one"),
    ]
    assert found[1].probabilities == {"false": 0.0, "1": 1.0, "one": 0.0}


class Fake:
    """Plays a pipeline over one number: raises at 13, and has no answer above 100."""

    classes_ = np.array([0, 1])

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __getitem__(self, _: int) -> object:
        return self

    def predict_proba(self, given: Any) -> Any:
        self.calls.append(len(given))
        x = given["x"].to_numpy()
        if (x == 13).any():
            raise ValueError(f"could not convert string to float: 'a \"secret\" of {x[0]}' in row 12345")
        chance = np.where(x > 100, np.nan, x / 100)
        return np.column_stack([1 - chance, chance])


ONE = settings(features={"x": "number"}, labels={"classes": ["no", "yes"]})


def test_the_guilty_rows_fail_and_their_neighbours_do_not() -> None:
    pipeline: Any = Fake()
    given = [(float(x),) for x in (1, 2, 13, 4, 500, 60, 7, 13)]
    found = version(ONE, pipeline=pipeline).scored(given)
    assert [type(one) for one in found] == [Answer, Answer, Failure, Answer, Failure, Answer, Answer, Failure]
    assert [one for one in found if isinstance(one, Answer)] == version(ONE, pipeline=pipeline).scored(
        [row for row in given if row[0] not in {13, 500}]
    )
    assert found[4] == Failure("the answer is not finite")


def test_a_good_batch_is_one_call() -> None:
    pipeline: Any = Fake()
    scorer = version(ONE, pipeline=pipeline)
    pipeline.calls.clear()
    scorer.scored([(1.0,)] * 5_000)
    assert pipeline.calls == [steady.MOST_CALL_ROWS]


def test_a_failure_says_what_was_raised_and_no_value() -> None:
    pipeline: Any = Fake()
    [failure] = version(ONE, pipeline=pipeline).scored([(13.0,)])
    assert failure == Failure("ValueError: could not convert string to float: … in row …")


def test_a_long_failure_is_cut() -> None:
    assert len(scoring._detail(ValueError("x" * 1_000))) == 300  # noqa: SLF001 (no model of ours says so much)


def test_want_of_memory_is_no_rows_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    scorer = version(MIXED)
    monkeypatch.setattr(steady, "outputs", fails)
    with pytest.raises(MemoryError):
        scorer.scored(rows(MIXED, 2))


def test_answers_names_the_row_without_one() -> None:
    pipeline: Any = Fake()
    with pytest.raises(ScoringError, match="version 7, row 2: the answer is not finite"):
        version(ONE, pipeline=pipeline).answers([(1.0,), (2.0,), (500.0,)])


def test_the_first_class_wins_a_tie() -> None:
    pipeline: Any = Fake()
    assert version(ONE, pipeline=pipeline).scored([(50.0,)]) == [Answer("no", {"no": 0.5, "yes": 0.5})]


@pytest.mark.parametrize("family", FAMILIES)
def test_numbers_that_overflow_harm_nobody_else(family: Family) -> None:
    given: list[Row] = [(1.0, 2.0, 3), (1.7e308, -1.7e308, 3), (math.pi, None, 3)]
    scorer = version(NUMBERS, family)
    found = scorer.scored(given)
    assert [found[0], found[2]] == scorer.scored([given[0], given[2]])


def test_a_pipeline_of_another_schema_is_refused() -> None:
    with pytest.raises(ScoreloopError, match="other features"):
        version(MIXED, pipeline=fitted("linear", NUMBERS))
    two = NUMBERS.model_copy(update={"labels": ONE.labels})
    with pytest.raises(ScoreloopError, match="other classes"):
        version(two, pipeline=fitted("linear", NUMBERS))
    for stream, other in ((REGRESSION, MIXED), (MIXED, REGRESSION)):
        with pytest.raises(ScoreloopError, match="other classes"):
            version(stream, pipeline=fitted("linear", other))


def test_a_pipeline_that_fails_on_every_row_is_refused() -> None:
    class Broken(Fake):
        def predict_proba(self, _: Any) -> Any:
            raise AttributeError("no coef_")

    pipeline: Any = Broken()
    with pytest.raises(ScoreloopError, match=r"version 7 cannot answer a row of zeros .*no coef_"):
        version(ONE, pipeline=pipeline)
