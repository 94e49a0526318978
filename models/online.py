"""River's online models as estimators of scikit-learn: they learn row by row, and go on where they left off.

They stand at the end of a pipeline whose other steps were fitted with the first rows and stay as they are.
To answer is not to learn: the same row has the same answer, whatever else is asked. An artefact holds a model
as data (`models.river_graph`), and only with the release of river that made it is it taken up.

Sources: Domingos and Hulten, "Mining high-speed data streams" (KDD 2000): `hoeffding-tree`. Gomes et al.,
"Adaptive random forests for evolving data stream classification" (Machine Learning 106, 2017), and for
regression Gomes et al. (ESANN 2018): `adaptive-forest`. Both with river's defaults. `naive-bayes` is
Gaussian; `online-linear` a linear or logistic regression, one against the rest, by gradient descent.
"""

from collections.abc import Iterator
from importlib import metadata
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.pipeline import Pipeline

from events.settings import ONLINE
from models import river_graph

_RELEASE = metadata.version("river")
_HELD = "model_"
Numbers = NDArray[np.float64]


class _Online(BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """What both kinds have in common. `random_state` seeds a forest."""

    def __init__(self, family: str = ONLINE[0], random_state: int = 0, learning_rate: float = 0.01) -> None:
        self.family = family
        self.random_state = random_state
        self.learning_rate = learning_rate

    def fit(self, rows: Numbers, targets: NDArray[Any]) -> Self:
        """Learn from `rows`, and from nothing before."""
        self.model_ = self._made()
        return self.partial_fit(rows, targets)

    def partial_fit(self, rows: Numbers, targets: NDArray[Any]) -> Self:
        """Learn on, from each of `rows` in turn."""
        for row, target in zip(_named(rows), targets.tolist(), strict=True):
            self.model_.learn_one(row, target)
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        if _HELD in state:
            data = river_graph.said(state[_HELD])
            state |= {"river": _RELEASE, _HELD: np.frombuffer(data, dtype=np.uint8)}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.pop("river", _RELEASE) != _RELEASE:
            raise ValueError("another release of river made it")
        self.__dict__.update(state)
        if _HELD in state:
            self.model_ = river_graph.meant(state[_HELD].tobytes())

    def _made(self) -> Any:
        raise NotImplementedError


class OnlineClassifier(ClassifierMixin, _Online):  # type: ignore[misc]  # the same
    """Classes are numbers; one that is met later is known from then on."""

    def partial_fit(self, rows: Numbers, targets: NDArray[Any]) -> Self:
        """Learn on, from each of `rows` in turn."""
        self.classes_ = np.union1d(getattr(self, "classes_", np.empty(0, targets.dtype)), targets)
        return super().partial_fit(rows, targets)

    def fit(self, rows: Numbers, targets: NDArray[Any]) -> Self:
        """Learn from `rows`, and from nothing before."""
        self.__dict__.pop("classes_", None)
        return super().fit(rows, targets)

    def predict_proba(self, rows: Numbers) -> Numbers:
        """Of shape (rows, classes_); all are as probable where the model does not know."""
        known = self.classes_.tolist()
        found = [self.model_.predict_proba_one(row) for row in _named(rows)]
        each = np.array([[one.get(name, 0.0) for name in known] for one in found]).reshape(-1, len(known))
        each[each.sum(axis=1) == 0] = 1.0
        probabilities: Numbers = each / each.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, rows: Numbers) -> NDArray[Any]:
        """The most probable class of each row."""
        answers: NDArray[Any] = self.classes_[self.predict_proba(rows).argmax(axis=1)]
        return answers

    def _made(self) -> Any:
        from river import forest, linear_model, multiclass, naive_bayes, optim, tree  # noqa: PLC0415 (seconds)

        match self.family:
            case "hoeffding-tree":
                return tree.HoeffdingTreeClassifier()
            case "adaptive-forest":
                return forest.ARFClassifier(seed=self.random_state)
            case "naive-bayes":
                return naive_bayes.GaussianNB()  # type: ignore[no-untyped-call]  # nor is all of river
            case _:
                step = optim.SGD(self.learning_rate)
                return multiclass.OneVsRestClassifier(linear_model.LogisticRegression(step))


class OnlineRegressor(RegressorMixin, _Online):  # type: ignore[misc]  # the same
    """Learns numbers."""

    def predict(self, rows: Numbers) -> Numbers:
        """A number for each row."""
        return np.array([self.model_.predict_one(row) for row in _named(rows)], dtype=np.float64)

    def _made(self) -> Any:
        from river import forest, linear_model, optim, tree  # noqa: PLC0415 (seconds)

        match self.family:
            case "hoeffding-tree":
                return tree.HoeffdingTreeRegressor(splitter=tree.splitter.QOSplitter())
            case "adaptive-forest":
                splitter = tree.splitter.QOSplitter()
                return forest.ARFRegressor(seed=self.random_state, splitter=splitter)
            case _:
                return linear_model.LinearRegression(optim.SGD(self.learning_rate))


def _named(rows: Numbers) -> Iterator[dict[int, float]]:
    """The rows as river takes them: by the column's place, which is the same in every process."""
    return (dict(enumerate(row)) for row in np.asarray(rows, dtype=np.float64).tolist())


def learns_online(pipeline: Pipeline) -> bool:
    """Whether a river model stands at the end of `pipeline`: it answers row by row, and each costs."""
    return isinstance(pipeline[-1], OnlineClassifier | OnlineRegressor)
