import math
from typing import Any

import numpy as np
import pytest
import skops.io
from sample_models import FAMILIES, QUICK
from sample_rows import MIXED, labels, rows
from samples import settings
from sklearn.feature_selection import f_classif
from sklearn.pipeline import Pipeline

from events.settings import Family, Settings
from models import artifact
from models.families import ESTIMATORS, Task
from models.frame import Row, frame
from models.pipelines import outputs
from models.problem import Candidate, problem
from models.scoring import Version
from verify.artifacts import TRUSTED

HOUR = 3_600_000
DAY = 24 * HOUR
TIMED = {"x": "number", "when": "integer", "y": {"type": "number", "nullable": True}, "flag": "boolean"}
EVERY: dict[str, dict[str, Any]] = {
    "mean": {"missing": "mean", "scaling": "min-max"},
    "constant": {"missing": "constant", "constant": -7.0, "scaling": "none"},
    "ordinal": {"categories": "ordinal", "scaling": "standard"},
    "interactions": {"interactions": ["amount", "age"]},
    "cycles": {"cycles": {"age": ["day", "week", "year"]}},
    "variance": {"selection": "variance"},
    "k-best": {"selection": "k-best", "keep": 4},
    "model": {"selection": "model"},
    "all": {
        "missing": "mean", "categories": "ordinal", "interactions": ["amount", "new"],
        "cycles": {"age": ["day"]}, "selection": "k-best",
    },
}  # fmt: skip


def learned(stream: Settings, given: list[Row], family: Family = "tree") -> Pipeline:
    """A small pipeline that learned from `given`."""
    return problem(stream, given, labels(stream, given)).fitted(Candidate(family, QUICK[family]), slice(None))


def prepared(preparation: dict[str, Any], given: list[Row], stream: Settings | None = None) -> Any:
    """What the estimator of a tree sees of `given`, where nothing is selected."""
    stream = stream or settings(features=TIMED, labels={"classes": ["a", "b"]}, preparation=preparation)
    return learned(stream, given)[:-1].transform(frame(stream.features, given))


def timed(count: int = 40) -> list[Row]:
    return [(math.sin(i), i * HOUR, None if i % 4 else float(i), i % 2 == 0) for i in range(count)]


COMBINED: list[tuple[Family, str]] = [
    *((family, "all") for family in FAMILIES),
    *((family, name) for family in ("linear", "boosting") for name in EVERY if name != "all"),  # type: ignore[misc]
]


@pytest.mark.parametrize(
    ("family", "preparation", "task"),
    [
        (*one, task)
        for one in COMBINED
        for task in ("classification", "regression")
        if (one[0], task) in ESTIMATORS
    ],
)
def test_any_preparation_goes_with_any_family_and_is_served_as_it_was_fitted(
    family: Family, preparation: str, task: Task
) -> None:
    labelled = MIXED.labels if task == "classification" else {"horizon": "1h"}
    stream = settings(task=task, labels=labelled, preparation=EVERY[preparation])
    given = rows(stream, 80)
    made = learned(stream, given, family)
    data = artifact.dumps(made)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(TRUSTED), "the auditor takes it, too"
    loaded = artifact.loads(data)
    seen = frame(stream.features, rows(stream, 64, seed=5))
    np.testing.assert_array_equal(
        outputs(loaded, seen, len(stream.classes)), outputs(made, seen, len(stream.classes))
    )
    scorer = Version(1, loaded, stream.features, stream.task, stream.classes)
    asked = rows(stream, 40, seed=6)
    whole = scorer.scored(asked)
    assert [scorer.scored([row])[0] for row in asked[:5]] == whole[:5]
    assert all(hasattr(answer, "prediction") for answer in whole)


def test_a_missing_number_is_what_the_settings_say() -> None:
    known = [float(i) for i in range(0, 40, 4)]
    for preparation, value in (
        ({"missing": "mean"}, np.mean(known)),
        ({"missing": "median"}, np.median(known)),
        ({"missing": "constant", "constant": -3.0}, -3.0),
    ):
        column = prepared(preparation, timed())[:, 2]
        assert column[1] == value
        assert column[4] == 4.0


def test_numbers_are_scaled_to_one_size() -> None:
    low = prepared({"scaling": "min-max"}, timed())
    assert (low.min(axis=0) == 0).all()
    assert (low.max(axis=0) == 1).all()
    np.testing.assert_allclose(prepared({"scaling": "standard"}, timed()).std(axis=0), 1)


def test_ordinal_codes_tell_none_and_the_unknown_from_all_others() -> None:
    stream = settings(
        features={"x": "number", "c": {"type": "category", "nullable": True}},
        labels={"classes": ["a", "b"]}, preparation={"categories": "ordinal"},
    )  # fmt: skip
    given: list[Row] = [(float(i - 15), [None, "NO", "SE"][i % 3]) for i in range(30)]
    made = learned(stream, given)[:-1]
    seen = made.transform(frame(stream.features, [(0.0, "NO"), (0.0, "SE"), (0.0, "DK"), (0.0, None)]))
    assert seen[:, 1].tolist() == [0.0, 1.0, -1.0, 2.0]


def test_interactions_are_products_of_the_named_numbers() -> None:
    given = timed()
    seen = prepared({"interactions": ["when", "x", "flag"]}, given)
    when, x, flag = (np.array([row[i] for row in given], dtype=float) for i in (1, 0, 3))
    expected = [when, x, flag, when * x, when * flag, x * flag]
    np.testing.assert_array_equal(seen[:, 1:], np.column_stack(expected))


def test_a_time_becomes_the_cosine_and_sine_of_its_cycles() -> None:
    given = [(row[0], 1_700_000_000_000 + row[1], *row[2:]) for row in timed()]  # type: ignore[operator]
    seen = prepared({"cycles": {"when": ["day", "week"]}}, given)
    turns = [2 * math.pi * (row[1] % period) / period for row in given for period in (DAY, 7 * DAY)]
    expected = np.array([[math.cos(a), math.sin(a)] for a in turns]).reshape(len(given), 4)
    np.testing.assert_allclose(seen[:, 3:], expected * math.sqrt(2 / 4), atol=1e-9)
    assert seen.shape[1] == 3 + 4, "the time itself is left out"


def test_the_same_hour_of_other_days_looks_the_same() -> None:
    given: list[Row] = [(0.1 * day - 1, day * DAY + 5 * HOUR, None, True) for day in range(30)]
    turned = prepared({"cycles": {"when": ["day"]}}, given)[:, 3:]
    np.testing.assert_allclose(turned, np.tile(turned[0], (30, 1)), atol=1e-9)


def test_k_best_keeps_what_scikit_learn_finds_best_and_no_function() -> None:
    stream = settings(
        features={f"x{i}": "number" for i in range(6)}, labels={"classes": ["a", "b"]},
        preparation={"selection": "k-best", "keep": 2},
    )  # fmt: skip
    given = rows(stream, 100)
    made = learned(stream, given)
    targets = [stream.classes.index(label) for label in labels(stream, given)]
    scores = f_classif(np.array(given), targets)[0]
    assert made["select"].get_support().nonzero()[0].tolist() == sorted(np.argsort(scores)[-2:].tolist())
    assert made["select"].score_func is None


def test_a_column_that_never_varies_is_left_out() -> None:
    given: list[Row] = [(row[0], 7, *row[2:]) for row in timed()]
    assert prepared({"selection": "variance"}, given).shape[1] == 3
