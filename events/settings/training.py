"""How a version is trained, and of which families."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from events.durations import Duration
from events.schema import Section

OnlineFamily = Literal["hoeffding-tree", "adaptive-forest", "naive-bayes", "online-linear"]
ONLINE: tuple[OnlineFamily, ...] = get_args(OnlineFamily)
"""River's: a version of theirs learns on from labels as they come."""
Family = Literal[
    "linear", "lasso", "elastic-net", "sgd", "svm", "tree", "forest", "boosting", "mlp", "convolutional",
    "recurrent", OnlineFamily,
]  # fmt: skip
"""`linear` (logistic, or least squares) has an L2 penalty, `lasso` L1, `elastic-net` both; `sgd` learns the
same by stochastic gradient descent. `svm` is a support vector machine, `mlp` a multilayer perceptron;
`convolutional` and `recurrent` are networks that read array features, and need the extra `deep`."""
OF_ARRAYS: frozenset[Family] = frozenset({"convolutional", "recurrent"})


class Training(Section):
    """How a version is trained."""

    families: Annotated[tuple[Family, ...], Field(min_length=1)] = ("linear", "tree", "forest", "boosting")
    """What is tried; the last four of those allowed, river's, learn on from labels as they come."""
    snapshot_every: Annotated[int, Field(ge=0)] = 1_000
    """Labelled events of a champion of river's families after which it has learned on from them, and becomes
    a new version if that is better on the newest; 0 for never."""
    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Time-ordered folds of the search: each is judged on rows after those it learned from."""
    trials: Annotated[int, Field(ge=1)] | None = None
    """How many candidates are tried: of every family the first, then of every family the second, and so on;
    beyond these what optuna proposes (the extra `optuna`). Default all that need no proposing."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """After these no further candidate is tried, and the best so far is taken; how many that are depends on
    the machine. Default without end."""
    processes: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Processes that a search fits in; default one a core where the rows are many, else one. The outcome is
    the same."""
    dask: str | None = None
    """The address of a Dask scheduler, such as `tcp://10.0.0.7:8786`, on whose workers a search fits (the
    extra `dask`); they need the same packages as the trainer."""
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """The newest share of the rows, on which the version's error is measured."""
    seed: int = 0
    rows: Annotated[int, Field(ge=50)] = 20_000
    """The most labelled events, the newest, that a retrain learns from."""
    time_limit: Duration = 600_000
    """A retrain that takes longer is given up, and the champion stays."""
