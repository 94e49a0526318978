"""Networks on array features, by Keras on JAX (the extra `deep`): convolutional and recurrent.

An artefact holds the weights as arrays and how the network is built as a few numbers; what builds it is the
code here. So loading parses no format of Keras's, and runs nothing that an artefact could name.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from events.errors import ScoreloopError
from events.settings import keras_on_jax

Reading = Literal["convolutional", "recurrent"]
Span = tuple[int, int]
"""Where an array lies among the columns, and its length."""

_BATCH = 64
"""Rows in each step of learning, and in each call for answers: of one shape, so that a row's answer is the
same bit for bit whatever batch it comes in; few, since a single event waits for a whole call."""


class Network(BaseEstimator):  # type: ignore[misc]
    """Reads each array of `spans` by convolutions, or step by step; a dense layer joins them with the rest.

    `units` is the width of each layer; learns by Adam in `epochs` passes, in an order that `random_state`
    decides. Answers are those of float32. On a processor the same rows and seed give the same weights.
    """

    PACKAGES = ("keras", "jax", "jaxlib")
    """What answers depend on beside scikit-learn."""

    def __init__(
        self,
        reading: Reading = "recurrent",
        spans: Sequence[Span] = (),
        units: int = 16,
        epochs: int = 20,
        random_state: int = 0,
    ) -> None:
        self.reading = reading
        self.spans = spans
        self.units = units
        self.epochs = epochs
        self.random_state = random_state

    def __getstate__(self) -> dict[str, Any]:
        """Without what the weights make again."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_answer"}

    def _learn(self, rows: NDArray[Any], targets: NDArray[Any], outputs: int, loss: str) -> Self:
        keras = _keras()
        keras.utils.set_random_seed(self.random_state)
        self.n_features_in_, self._outputs = rows.shape[1], outputs
        network = self._built()
        network.compile("adam", loss)
        # Rows without weight fill the last batch: one of another shape would be compiled for itself, seconds.
        weights = np.pad(np.ones(len(rows), np.float32), (0, -len(rows) % _BATCH))
        shown = np.minimum(np.arange(len(weights)), len(rows) - 1)
        network.fit(
            rows.astype(np.float32)[shown], targets[shown], sample_weight=weights, batch_size=_BATCH,
            epochs=self.epochs, verbose=0,
        )  # fmt: skip
        self.weights_ = [np.asarray(weight.value) for weight in network.weights]
        self._answer: Callable[[NDArray[np.float32]], Any] | None = None
        return self

    def _answers(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        answer = self._answer = getattr(self, "_answer", None) or self._compiled()
        given, calls = np.asarray(rows, dtype=np.float32), -(-len(rows) // _BATCH)
        padded = given.take(np.minimum(np.arange(calls * _BATCH), len(given) - 1), axis=0)
        found = [answer(call) for call in padded.reshape(calls, _BATCH, -1)]
        return np.concatenate(found)[: len(given)].astype(np.float64)

    def _compiled(self) -> Callable[[NDArray[np.float32]], Any]:
        """The network with its weights, compiled once: Keras's own `predict` costs milliseconds a call."""
        network = self._built()
        import jax  # noqa: PLC0415 (only where a network is)

        network.set_weights(self.weights_)
        learned = [variable.value for variable in network.trainable_variables]
        fixed = [variable.value for variable in network.non_trainable_variables]

        def answer(rows: Any) -> Any:
            return network.stateless_call(learned, fixed, rows)[0]

        return cast("Callable[[NDArray[np.float32]], Any]", jax.jit(answer))

    def _built(self) -> Any:
        """The network: an array is a sequence of single numbers; what is no array goes past the reading."""
        layers = (keras := _keras()).layers
        given = keras.Input((self.n_features_in_,))
        read, rest = [], np.ones(self.n_features_in_, dtype=bool)
        for start, length in self.spans:
            rest[start : start + length] = False
            read.append(self._read(layers, layers.Reshape((length, 1))(given[:, start : start + length])))
        read += [given[:, i : i + 1] for i in rest.nonzero()[0].tolist()]
        joined = layers.Concatenate()(read) if len(read) > 1 else read[0]
        hidden = layers.Dense(self.units, activation="relu")(joined)
        answer = layers.Dense(self._outputs, activation="softmax" if self._outputs > 1 else None)(hidden)
        return keras.Model(given, answer)

    def _read(self, layers: Any, sequence: Any) -> Any:
        if self.reading == "recurrent":
            return layers.GRU(self.units)(sequence)
        once = layers.Conv1D(self.units, 3, padding="same", activation="relu")(sequence)
        twice = layers.Conv1D(self.units, 3, padding="same", activation="relu")(once)
        return layers.Concatenate()([layers.GlobalMaxPooling1D()(twice), layers.Flatten()(twice)])


class NetworkClassifier(ClassifierMixin, Network):  # type: ignore[misc]
    """Learns by cross-entropy, and answers probabilities."""

    def fit(self, rows: NDArray[Any], targets: NDArray[Any]) -> Self:
        """Learn the classes of `rows`."""
        self.classes_, indexes = np.unique(targets, return_inverse=True)
        return self._learn(rows, indexes, len(self.classes_), "sparse_categorical_crossentropy")

    def predict_proba(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """A probability for each of `classes_`."""
        return self._answers(rows)

    def predict(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The most likely class."""
        return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])


class NetworkRegressor(RegressorMixin, Network):  # type: ignore[misc]
    """Learns by squared error, and answers a number."""

    def fit(self, rows: NDArray[Any], targets: NDArray[Any]) -> Self:
        """Learn the numbers of `rows`."""
        return self._learn(rows, targets, 1, "mean_squared_error")

    def predict(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """A number for each row."""
        return self._answers(rows)[:, 0]


def _keras() -> Any:
    """Keras, which takes seconds to import.

    Raises:
        ScoreloopError: the extra is not installed.
    """
    if find_spec("keras") is None or find_spec("jax") is None:
        raise ScoreloopError(
            "convolutional and recurrent networks need an extra: pip install scoreloop[deep]"
        )
    keras_on_jax()
    import keras  # noqa: PLC0415 (only where a network is)

    return keras
