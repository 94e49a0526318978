"""The families of estimators: what each name in `[training] families` learns by, for either task.

All but the networks of `models.deep` and river's, in `models.online`, are scikit-learn's own, so an artefact
holds data and nobody's code. What is minimized is cross-entropy or, for a regression, squared error where the
method has it: a support vector machine has the hinge, and a tree of a classification Gini's impurity.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from events.settings import OF_ARRAYS, ONLINE, Family
from models.deep import NetworkClassifier, NetworkRegressor
from models.online import OnlineClassifier, OnlineRegressor

Task = Literal["classification", "regression"]
Params = Mapping[str, Any]

ESTIMATORS: dict[tuple[Family, Task], Callable[..., Any]] = {
    ("linear", "classification"): LogisticRegression,
    ("linear", "regression"): Ridge,
    ("lasso", "classification"): LogisticRegression,
    ("lasso", "regression"): Lasso,
    ("elastic-net", "classification"): LogisticRegression,
    ("elastic-net", "regression"): ElasticNet,
    ("sgd", "classification"): SGDClassifier,
    ("sgd", "regression"): SGDRegressor,
    ("svm", "classification"): SVC,
    ("svm", "regression"): SVR,
    ("tree", "classification"): DecisionTreeClassifier,
    ("tree", "regression"): DecisionTreeRegressor,
    ("forest", "classification"): RandomForestClassifier,
    ("forest", "regression"): RandomForestRegressor,
    ("boosting", "classification"): HistGradientBoostingClassifier,
    ("boosting", "regression"): HistGradientBoostingRegressor,
    ("mlp", "classification"): MLPClassifier,
    ("mlp", "regression"): MLPRegressor,
    ("convolutional", "classification"): NetworkClassifier,
    ("convolutional", "regression"): NetworkRegressor,
    ("recurrent", "classification"): NetworkClassifier,
    ("recurrent", "regression"): NetworkRegressor,
    **{(family, "classification"): OnlineClassifier for family in ONLINE},
    **{(family, "regression"): OnlineRegressor for family in ONLINE if family != "naive-bayes"},
}
_FIXED: dict[tuple[Family, Task], dict[str, Any]] = {
    ("linear", "classification"): {"max_iter": 1_000},
    ("lasso", "classification"): {"l1_ratio": 1.0, "solver": "saga", "max_iter": 200, "tol": 1e-3},
    ("elastic-net", "classification"): {"l1_ratio": 0.5, "solver": "saga", "max_iter": 200, "tol": 1e-3},
    ("sgd", "classification"): {"loss": "log_loss", "average": True},
    ("sgd", "regression"): {"average": True},
    ("forest", "classification"): {"n_jobs": 1},  # processes are the parallel unit, in search and service
    ("forest", "regression"): {"n_jobs": 1},
    # Stopping early would hold out rows at random, the future among them.
    ("boosting", "classification"): {"early_stopping": False},
    ("boosting", "regression"): {"early_stopping": False},
    ("mlp", "classification"): {"max_iter": 100},
    ("mlp", "regression"): {"max_iter": 100},
    ("convolutional", "classification"): {"reading": "convolutional"},
    ("convolutional", "regression"): {"reading": "convolutional"},
    ("recurrent", "classification"): {"reading": "recurrent"},
    ("recurrent", "regression"): {"reading": "recurrent"},
    **{(family, task): {"family": family} for family, task in ESTIMATORS if family in ONLINE},
}
SCALED: frozenset[Family] = OF_ARRAYS | {"linear", "lasso", "elastic-net", "sgd", "svm", "mlp", *ONLINE}
"""These learn well only from numbers of about one size."""
_SCALED_TARGETS = SCALED - {"linear", *ONLINE}
"""For these that holds of a regression's labels too."""
_ROW_BY_ROW = {
    ESTIMATORS[family, task]
    for family in ("svm", "tree", "forest", "boosting")
    for task in ("classification", "regression")
} | {OnlineClassifier, OnlineRegressor, NetworkClassifier, NetworkRegressor}  # fmt: skip
_CALIBRATION_FOLDS = 3


def estimator(family: Family, task: Task, params: Params, seed: int) -> Any:
    """An unfitted estimator of `family`; `params` by scikit-learn's names, `seed` decides what is by chance.

    A support vector machine has no probabilities of its own: a sigmoid over its decision gives them (Platt
    1999), fitted on the decisions for rows that each of three machines had not learned from.
    """
    made = ESTIMATORS[family, task]
    chance = {} if made is SVR else {"random_state": seed}
    one = made(**{**chance, **_FIXED.get((family, task), {}), **params})
    if made is SVC:
        return CalibratedClassifierCV(one, cv=_CALIBRATION_FOLDS, ensemble=False)
    if task == "regression" and family in _SCALED_TARGETS:
        return TransformedTargetRegressor(one, transformer=StandardScaler())
    return one


def bare(made: Any) -> Any:
    """What is inside of an estimator that `estimator` made: without calibration or scaled labels."""
    match made:
        case CalibratedClassifierCV():
            return made.estimator
        case TransformedTargetRegressor():
            return made.regressor
    return made


def row_by_row(made: Any) -> bool:
    """Whether one of our estimators answers each row on its own, so that the other rows cannot show in it.

    What multiplies matrices does not: BLAS adds up in an order that depends on the shape of the whole frame.
    """
    if isinstance(made, VotingClassifier | VotingRegressor):
        return all(row_by_row(one[-1]) for one in made.estimators_)
    return type(bare(made)) in _ROW_BY_ROW
