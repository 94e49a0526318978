import numpy as np
import pytest
from sample_models import FAMILIES, PAIRS, QUICK, fitted
from sample_rows import MIXED, NUMBERS, REGRESSION, labels, rows

from events.settings import ONLINE, Family, Settings
from models.families import SCALED, row_by_row
from models.frame import frame
from models.pipelines import outputs, pipeline
from models.preparation import MAX_CATEGORIES
from models.problem import Candidate, problem


@pytest.mark.parametrize(("family", "stream"), [pair for pair in PAIRS if pair[1] is not NUMBERS])
def test_what_training_never_saw_is_answered(family: Family, stream: Settings) -> None:
    strange = [
        (1.0, None, "DK", "a shop never seen", None, None),
        (1.0, 1, None, None, True, [0.0, 0.0]),
        (None, None, None, None, None, None),
    ]
    answers = outputs(fitted(family, stream), frame(stream.features, strange), len(stream.classes))
    assert answers.shape == (3, max(1, len(stream.classes)))
    assert np.isfinite(answers).all()


@pytest.mark.parametrize(("family", "stream"), PAIRS)
def test_a_column_without_any_value_is_no_obstacle(family: Family, stream: Settings) -> None:
    empty = [
        tuple(None if feature.nullable else value for feature, value in zip(features, row, strict=True))
        for features, row in ((stream.features.values(), row) for row in rows(stream, 60))
    ]
    learned = problem(stream, empty, labels(stream, empty)).fitted(
        Candidate(family, QUICK[family]), slice(None)
    )
    answers = outputs(learned, frame(stream.features, rows(stream, 20)), len(stream.classes))
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_numbers_alone_need_no_column_transformer(family: Family) -> None:
    steps = [name for name, _ in pipeline(family, NUMBERS.features, "classification", {}, seed=0).steps]
    scaled = ["scale"] if family in SCALED else []
    assert steps == [*([] if family == "boosting" else ["impute"]), *scaled, "estimate"]


def test_the_columns_of_a_category_are_capped() -> None:
    prepared = fitted("tree", MIXED)[0].transform(frame(MIXED.features, rows(MIXED, 1)))
    numbers, countries = 5, 2
    assert prepared.shape[1] == numbers + countries + MAX_CATEGORIES


def test_missing_numbers_are_the_median_and_boosting_sees_them_as_they_are() -> None:
    assert fitted("forest", NUMBERS)["impute"].strategy == "median"
    assert "impute" not in fitted("boosting", NUMBERS).named_steps


@pytest.mark.parametrize("family", FAMILIES)
def test_a_class_that_training_never_saw_has_no_probability(family: Family) -> None:
    learned = rows(NUMBERS, 100)
    ends = ["down" if label == "down" else "up" for label in labels(NUMBERS, learned)]
    made = problem(NUMBERS, learned, ends).fitted(Candidate(family, QUICK[family]), slice(None))
    answers = outputs(made, frame(NUMBERS.features, learned), 3)
    assert (answers[:, 1] == 0).all()
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert (answers[:, 2] > 0).any()


def test_params_and_seed_reach_the_estimator() -> None:
    made = pipeline("forest", MIXED.features, "regression", {"n_estimators": 7}, seed=3)[-1]
    assert (made.n_estimators, made.random_state, made.n_jobs) == (7, 3, 1)


@pytest.mark.parametrize("stream", [NUMBERS, REGRESSION])
def test_only_what_multiplies_matrices_depends_on_its_neighbours(stream: Settings) -> None:
    alone = {family for family, of in PAIRS if of is stream and row_by_row(fitted(family, stream)[-1])}
    assert alone - set(ONLINE) == {"svm", "tree", "forest", "boosting"}
    assert alone & set(ONLINE) == {family for family, of in PAIRS if of is stream and family in ONLINE}
