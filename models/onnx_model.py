"""A model in ONNX that answers as our pipelines do. Data only: standard operators, every weight inside.

An ONNX file may name others to read its weights from, and operators that are libraries of code; one that does
is refused before the runtime sees it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from events.errors import ScoreloopError

_OPERATORS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_CLASSES = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
"""Attributes of a classifier's node that name what its probabilities are of."""
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
_STRINGS = "tensor(string)"
_OUTPUTS_OF_A_CLASSIFIER = 2
_FATAL = 4


class OnnxModel:
    """The model in `data`: one input of all columns, or one for each column by its name.

    Of a classifier the second output are probabilities, a matrix or a list of maps, as converters from
    scikit-learn have it, and `classes_` are the labels that it names.

    Raises:
        ScoreloopError: the packages are not installed, or the file needs more than itself.
        Exception: whatever the runtime raises about a file that is none.
    """

    PACKAGES = ("onnxruntime",)

    def __init__(self, data: bytes) -> None:
        try:
            import onnx  # noqa: PLC0415 (an extra)
            import onnxruntime  # noqa: PLC0415
        except ImportError:
            raise ScoreloopError(
                "a model in ONNX needs packages of its own: pip install 'scoreloop[onnx]'"
            ) from None
        messages = list(_messages(onnx.load_model_from_string(data)))
        _refuse(onnx, messages)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL  # what a row comes to is said by who asked
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._inputs = self._session.get_inputs()
        if len(self._session.get_outputs()) >= _OUTPUTS_OF_A_CLASSIFIER:
            self.classes_ = _classes(onnx, messages)

    def __getitem__(self, _step: int) -> "OnnxModel":
        """The model, whichever step of a pipeline is asked for."""
        return self

    def predict(self, frame: pd.DataFrame) -> NDArray[Any]:
        """The first output: numbers, of a regression."""
        return np.asarray(self._run(frame)[0])

    def predict_proba(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities in the order of `classes_`; single precision can carry them a little past 1."""
        found = self._run(frame)[1]
        if isinstance(found, list):
            found = [list(row.values()) for row in found]
        return np.clip(np.asarray(found, dtype=np.float64), 0, 1)

    def _run(self, frame: pd.DataFrame) -> list[Any]:
        if len(self._inputs) == 1 and self._inputs[0].name not in frame:
            values = frame.to_numpy(dtype=_TYPES.get(self._inputs[0].type, np.float32))
            return list(self._session.run(None, {self._inputs[0].name: values}))
        given = {one.name: _column(frame, one.name, one.type) for one in self._inputs}
        return list(self._session.run(None, given))


def _column(frame: pd.DataFrame, name: str, kind: str) -> NDArray[Any]:
    if name not in frame:
        raise ValueError(f"there is no column {name!r}")
    column = frame[name]
    if kind == _STRINGS:
        return column.fillna("").to_numpy(dtype=object).reshape(-1, 1)
    return column.to_numpy(dtype=_TYPES[kind]).reshape(-1, 1)


def _refuse(onnx: Any, messages: list[Any]) -> None:
    for one in messages:
        if isinstance(one, onnx.TensorProto) and one.data_location == onnx.TensorProto.EXTERNAL:
            raise ScoreloopError("the ONNX file reads weights from other files; save it with all in one")
        if isinstance(one, onnx.NodeProto) and one.domain not in _OPERATORS:
            raise ScoreloopError(f"the ONNX file needs operators of {one.domain[:100]!r}, which is code")


def _messages(message: Any) -> Iterator[Any]:
    """A protocol buffer's message, and all within it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                yield from _messages(inner)


def _classes(onnx: Any, messages: list[Any]) -> list[Any]:
    """The labels that a classifier's node names, none where it names none."""
    found = {
        one.name: one for one in messages if isinstance(one, onnx.AttributeProto) and one.name in _CLASSES
    }
    labels = [onnx.helper.get_attribute_value(found[name]) for name in _CLASSES if name in found]
    named: list[Any] = next((list(one) for one in labels if one), [])
    return [label.decode() if isinstance(label, bytes) else label for label in named]
