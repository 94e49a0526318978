"""Models that were trained elsewhere."""

import io
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sample_rows import NUMBERS, REGRESSION, labels, rows
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from consumers.trainer.brought import draft, read
from events.errors import ScoreloopError
from events.schema import Label
from events.settings import Settings
from models.frame import frame
from models.opening import opened
from models.registry import Registry
from models.scoring import Version

ROWS = rows(NUMBERS, 300)
LABELS = labels(NUMBERS, ROWS)


def theirs(estimator: Any, given: list[Label] = LABELS, settings: Settings = NUMBERS) -> Pipeline:
    """As somebody trains it: on a frame of the features, with the labels as they are."""
    return make_pipeline(SimpleImputer(), estimator).fit(frame(settings.features, ROWS), np.array(given))


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        DecisionTreeClassifier(max_depth=4),
        RandomForestClassifier(5),
        HistGradientBoostingClassifier(max_iter=5),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_model_that_learned_the_labels_answers_as_before(estimator: Any, tmp_path: Path) -> None:
    model = theirs(estimator)
    settings = NUMBERS.model_copy(
        update={"registry": NUMBERS.registry.model_copy(update={"url": str(tmp_path)})}
    )
    made = read(settings, skops.io.dumps(model), "skops", ours=False)
    stated = draft(settings, made, {"file": "theirs.skops"}, ROWS, metrics={})
    loaded = opened(stated, Registry(str(tmp_path)), settings)
    version = Version(1, loaded, settings.features, settings.task, settings.classes)
    given = frame(settings.features, ROWS)
    assert version.answers(ROWS).predictions == model.predict(given).tolist()
    assert stated.golden is not None
    for one, row in zip(stated.golden, ROWS[:: -(-300 // 8)], strict=True):
        expected = model.predict_proba(frame(settings.features, [row]))[0]
        known = dict(zip(model.classes_, expected, strict=True))
        assert one["probabilities"] == pytest.approx(known)


def test_a_regression_needs_no_renaming() -> None:
    given = rows(REGRESSION, 300)
    model = make_pipeline(SimpleImputer(), Ridge())
    numbers = frame(REGRESSION.features, given).select_dtypes("number")
    data = skops.io.dumps(model.fit(numbers, np.arange(300.0)))
    with pytest.raises(ScoreloopError, match="reads other features"):
        read(REGRESSION, data, "skops", ours=False)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (lambda: theirs(LogisticRegression(), [f"{label}!" for label in LABELS]), "the stream has"),
        (lambda: theirs(Ridge(), list(range(300))), "no model for a classification"),
        (lambda: theirs(KNeighborsClassifier()), "not among the trusted types"),
        (lambda: theirs(SVC()), "the model has no predict_proba"),
        (lambda: Pipeline([("estimate", LogisticRegression())]), "cannot be read as skops"),
        (lambda: LogisticRegression().fit([[0], [1]], [0, 1]), "a pipeline is needed"),
        (lambda: make_pipeline(LogisticRegression()).fit(np.zeros((2, 1)), ["up", "down"]), "cannot answer"),
    ],
)
def test_what_does_not_fit_the_stream_is_a_sentence(model: Any, sentence: str) -> None:
    with pytest.raises(ScoreloopError, match=sentence):
        read(NUMBERS, skops.io.dumps(model()), "skops", ours=False)


@pytest.mark.parametrize("form", ["pkl", "", "joblib"])
def test_a_file_that_may_not_be_opened_is_not(form: str) -> None:
    buffer = io.BytesIO()
    joblib.dump(theirs(LogisticRegression()), buffer)
    with pytest.raises(ScoreloopError, match=r"cannot be read; known|can run any code"):
        read(NUMBERS, buffer.getvalue(), form, ours=False)


def test_ours_has_its_classes_numbered() -> None:
    """A stream whose labels are numbers in another order: what scoreloop made must not be numbered twice."""
    turned = NUMBERS.model_copy(update={"labels": NUMBERS.labels.model_copy(update={"classes": (1, 0)})})
    model = theirs(DecisionTreeClassifier(max_depth=2), [int(row[0] > 0) for row in ROWS])
    data = skops.io.dumps(model)
    raw = model.predict(frame(turned.features, ROWS)).tolist()
    assert read(turned, data, "skops", ours=False).version.answers(ROWS).predictions == raw
    assert read(turned, data, "skops", ours=True).version.answers(ROWS).predictions == [
        1 - one for one in raw
    ]
