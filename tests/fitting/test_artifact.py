import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import skops.io
from sample_models import PAIRS, fitted
from sample_rows import NUMBERS, rows
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from events.settings import Family, Settings
from models import artifact
from models.artifact import ArtifactError
from models.frame import frame
from models.pipelines import outputs

FIRED: list[str] = []


class Canary(BaseEstimator):
    """Sings when it is unpickled, rebuilt or given a state."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return FIRED.append, ("reduce",)

    def __setstate__(self, state: object) -> None:
        FIRED.append("setstate")


@pytest.fixture(autouse=True)
def _no_canary_sings() -> Any:
    FIRED.clear()
    yield
    assert FIRED == []


def answers(pipeline: Pipeline, stream: Settings) -> Any:
    return outputs(pipeline, frame(stream.features, rows(stream, 64, seed=9)), len(stream.classes))


def with_schema(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """`data` with its schema changed, and its check sums right."""
    source, made = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                change(schema)
                content = json.dumps(schema).encode()
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(("family", "stream"), PAIRS)
def test_a_pipeline_answers_the_same_after_a_round_trip(family: Family, stream: Settings) -> None:
    pipeline = fitted(family, stream)
    np.testing.assert_array_equal(
        answers(artifact.loads(artifact.dumps(pipeline)), stream), answers(pipeline, stream)
    )


def test_a_type_that_is_not_ours_is_refused_and_never_built() -> None:
    data = skops.io.dumps(Pipeline([("prepare", Canary()), ("estimate", LogisticRegression())]))
    with pytest.raises(ArtifactError, match="Canary"):
        artifact.loads(data)


def test_what_skops_would_trust_is_refused_where_it_is_not_on_our_list() -> None:
    data = skops.io.dumps(Pipeline([("prepare", PCA()), ("estimate", LogisticRegression())]))
    assert skops.io.get_untrusted_types(data=data) == []
    with pytest.raises(ArtifactError, match="PCA"):
        artifact.loads(data)


@pytest.mark.parametrize("function", [os.path.exists, np.exp])
def test_a_function_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ArtifactError, match="FunctionNode"):
        artifact.loads(skops.io.dumps(Pipeline([("call", FunctionTransformer(function))])))


@pytest.mark.parametrize(
    "change",
    [
        {"__class__": "system", "__module__": "os"},
        {"__loader__": "FunctionNode"},
        {"__loader__": "MethodNode", "content": {"func": "fit", "obj": {}}},
        {"__loader__": "NoSuchNode"},
        {"__class__": ["Pipeline"]},
        {"__module__": None},
        {"content": None},
    ],
)
def test_a_forged_schema_is_refused(change: dict[str, Any]) -> None:
    data = artifact.dumps(fitted("linear", NUMBERS))
    with pytest.raises(ArtifactError):
        artifact.loads(with_schema(data, lambda schema: schema.update(change)))


def test_a_schema_that_lacks_its_loader_is_refused() -> None:
    data = artifact.dumps(fitted("linear", NUMBERS))
    with pytest.raises(ArtifactError):
        artifact.loads(with_schema(data, lambda schema: schema.pop("__loader__")))


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"no artefact", pickle.dumps(Canary()), pickle.dumps({"a": 1})],
    ids=["empty", "start", "text", "canary", "pickle"],
)  # fmt: skip
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError):
        artifact.loads(data)


def test_something_else_than_a_pipeline_is_refused() -> None:
    with pytest.raises(ArtifactError, match="a pipeline is needed"):
        artifact.loads(skops.io.dumps(LogisticRegression().fit([[0], [1]], [0, 1])))


def test_a_pipeline_that_is_not_fitted_is_refused() -> None:
    with pytest.raises(ArtifactError, match="NotFittedError"):
        artifact.loads(artifact.dumps(Pipeline([("estimate", LogisticRegression())])))


def test_a_compressed_artefact_is_refused() -> None:
    with pytest.raises(ArtifactError, match="compressed"):
        artifact.loads(skops.io.dumps(fitted("linear", NUMBERS), compression=zipfile.ZIP_DEFLATED))


def test_a_pipeline_that_could_not_be_loaded_is_not_dumped() -> None:
    for step in (PCA(), FunctionTransformer(lambda x: x)):
        with pytest.raises(ArtifactError):
            artifact.dumps(Pipeline([("prepare", step)]))


@pytest.mark.parametrize("family", ["linear", "boosting"])
def test_a_truncated_artefact_is_refused(family: Family) -> None:
    data = artifact.dumps(fitted(family, NUMBERS))
    for length in (1, 100, len(data) // 3, len(data) // 2, len(data) - 100, len(data) - 1):
        with pytest.raises(ArtifactError):
            artifact.loads(data[:length])


@pytest.mark.parametrize("family", ["linear", "forest"])
def test_a_flipped_bit_is_refused_or_without_effect(family: Family) -> None:
    pipeline = fitted(family, NUMBERS)
    data, before, refused = artifact.dumps(pipeline), answers(pipeline, NUMBERS), 0
    for at in range(0, len(data), len(data) // 40):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        try:
            np.testing.assert_array_equal(answers(artifact.loads(bytes(flipped)), NUMBERS), before)
        except ArtifactError:
            refused += 1
    assert refused > 20
