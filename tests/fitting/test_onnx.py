"""Models in ONNX that somebody brings."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from sample_rows import labels, rows
from samples import settings
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from consumers.trainer.brought import draft, read
from events.errors import ScoreloopError
from events.settings import Settings
from models.frame import frame
from models.golden import check
from models.opening import opened
from models.registry import Registry
from models.scoring import Version

PLAIN = settings(features=dict.fromkeys("xyz", "number"), labels={"classes": ["down", "same", "up"]})
ROWS = rows(PLAIN, 200)
LABELS = labels(PLAIN, ROWS)
TABLE = frame(PLAIN.features, ROWS).to_numpy(np.float32)
REGRESSION = settings(task="regression", labels={}, features=dict.fromkeys(PLAIN.features, "number"))


def served(data: bytes, stream: Settings, folder: Path) -> Version:
    """The model, after all that it goes through up to a scorer."""
    stream = stream.model_copy(update={"registry": stream.registry.model_copy(update={"url": str(folder)})})
    made = read(stream, data, "onnx", ours=False)
    stated = draft(stream, made, {}, rows(stream, 50), metrics={})
    loaded = opened(stated, Registry(str(folder)), stream)
    version = Version(1, loaded, stream.features, stream.task, stream.classes)
    assert stated.golden
    check(version, stream.features, stated.golden)
    return version


@pytest.mark.parametrize("zipmap", [{"zipmap": True}, {"zipmap": False}], ids=["maps", "matrix"])
@pytest.mark.parametrize("estimator", [LogisticRegression(), RandomForestClassifier(5)], ids=["l", "f"])
def test_a_classifier_answers_as_it_did(estimator: Any, zipmap: dict[str, bool], tmp_path: Path) -> None:
    model = estimator.fit(TABLE, LABELS)
    data = to_onnx(model, TABLE[:1], options=zipmap).SerializeToString()
    version = served(data, PLAIN, tmp_path)
    found = version.answers(ROWS)
    assert found.probabilities is not None
    for one, expected in zip(found.probabilities, model.predict_proba(TABLE), strict=True):
        assert one == pytest.approx(dict(zip(model.classes_, expected, strict=True)), abs=1e-5)
    assert version.answers(ROWS[:3]).probabilities == found.probabilities[:3], "whatever the batch"


def test_a_regression_answers_as_it_did(tmp_path: Path) -> None:
    model = Ridge().fit(TABLE, TABLE @ np.array([1.0, 2.0, 3.0]))
    version = served(to_onnx(model, TABLE[:1]).SerializeToString(), REGRESSION, tmp_path)
    assert version.answers(ROWS).predictions == pytest.approx(model.predict(TABLE).tolist(), rel=1e-4)


def test_an_input_for_each_column_by_its_name(tmp_path: Path) -> None:
    stream = settings(features={"amount": "number", "country": {"type": "category", "values": ["NO", "SE"]}})
    given = [(float(i % 7), ("NO", "SE")[i % 2]) for i in range(100)]
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["country"]), ("passthrough", ["amount"])
        ),
        LogisticRegression(),
    )
    model.fit(
        table := frame(stream.features, given), ["ok" if country == "NO" else "fraud" for _, country in given]
    )
    types = [("amount", FloatTensorType([None, 1])), ("country", StringTensorType([None, 1]))]
    version = served(to_onnx(model, initial_types=types).SerializeToString(), stream, tmp_path)
    assert version.answers(given).predictions == model.predict(table).tolist()
    assert version.answers([(1.0, None)]).predictions


def graph(node: Any, *weights: Any) -> bytes:
    """A file of one node."""
    made = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])], list(weights),
    )  # fmt: skip
    return bytes(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString())


def reading(path: str) -> bytes:
    """A file whose weights are to be read from another."""
    weight = helper.make_tensor("W", TensorProto.FLOAT, [3, 1], [1.0, 2.0, 3.0])
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", path
    return graph(helper.make_node("MatMul", ["X", "W"], ["Y"]), weight)


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../etc/passwd", "weights.bin"])
def test_weights_in_other_files_are_refused(path: str) -> None:
    with pytest.raises(ScoreloopError, match="reads weights from other files"):
        read(REGRESSION, reading(path), "onnx", ours=False)


def test_operators_that_are_code_are_refused() -> None:
    node = helper.make_node("Evil", ["X"], ["Y"], domain="com.evil")
    with pytest.raises(ScoreloopError, match=r"needs operators of 'com\.evil'"):
        read(REGRESSION, graph(node), "onnx", ours=False)


def test_what_does_not_fit_is_a_sentence() -> None:
    other = to_onnx(LogisticRegression().fit(TABLE, ["a", "b"] * 100), TABLE[:1]).SerializeToString()
    with pytest.raises(ScoreloopError, match="the stream has"):
        read(PLAIN, other, "onnx", ours=False)
    narrow = to_onnx(Ridge().fit(TABLE[:, :2], TABLE[:, 0]), TABLE[:1, :2]).SerializeToString()
    with pytest.raises(ScoreloopError, match="cannot answer a row of zeros"):
        read(REGRESSION, narrow, "onnx", ours=False)
    with pytest.raises(ScoreloopError, match="no model for a regression"):
        read(REGRESSION, other, "onnx", ours=False)
    for data in (b"", b"no model", other[: len(other) // 2]):
        with pytest.raises(ScoreloopError, match=r"cannot be read as onnx|no model for"):
            read(PLAIN, data, "onnx", ours=False)


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ScoreloopError, match=r"scoreloop\[onnx\]"):
        read(PLAIN, b"", "onnx", ours=False)
