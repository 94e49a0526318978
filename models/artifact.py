"""A fitted pipeline as bytes and back, in skops's format: data only, no pickle.

What an artefact may contain is stated here and nowhere else: skops's own list of trusted types is wider, and
an artefact has no say. Bytes that came from elsewhere can still hold trees that lead nowhere, so check their
hash against a manifest first.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import skops.io
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from skops.io.exceptions import UnsupportedTypeException

from events.errors import ScoreloopError

FORMAT = "skops"

_NODES = frozenset(
    {
        "CachedNode", "DTypeNode", "DictNode", "JsonNode", "ListNode", "LossNode", "NdArrayNode",
        "ObjectNode", "RandomGeneratorNode", "RandomStateNode", "SliceNode", "TreeNode",
        "TupleNode", "TypeNode",
    }
)  # fmt: skip
"""What skops may do to build an object. Not here: calling a function or a method, importing either."""

TRUSTED = frozenset(
    {
        "builtins.bool", "builtins.dict", "builtins.float", "builtins.int", "builtins.list", "builtins.slice",
        "builtins.str", "builtins.tuple",
        "models.online.OnlineClassifier", "models.online.OnlineRegressor",
        "numpy.dtype", "numpy.float64", "numpy.int64", "numpy.ndarray", "numpy.random._generator.Generator",
        "numpy.random.mtrand.RandomState",
        "models.deep.NetworkClassifier", "models.deep.NetworkRegressor",
        "numpy.uint64", "numpy.uint8",
        "sklearn._loss._loss.CyHalfBinomialLoss", "sklearn._loss._loss.CyHalfMultinomialLoss",
        "sklearn._loss._loss.CyHalfSquaredError",
        "sklearn._loss.link.IdentityLink", "sklearn._loss.link.Interval", "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss", "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn.calibration.CalibratedClassifierCV", "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.compose._target.TransformedTargetRegressor",
        "sklearn.ensemble._forest.ExtraTreesClassifier", "sklearn.ensemble._forest.ExtraTreesRegressor",
        "sklearn.ensemble._forest.RandomForestClassifier", "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.feature_selection._from_model.SelectFromModel",
        "sklearn.feature_selection._univariate_selection.SelectKBest",
        "sklearn.feature_selection._variance_threshold.VarianceThreshold",
        "sklearn.frozen._frozen.FrozenEstimator",
        "sklearn.ensemble._voting.VotingClassifier", "sklearn.ensemble._voting.VotingRegressor",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.kernel_approximation.RBFSampler",
        "sklearn.linear_model._coordinate_descent.ElasticNet",
        "sklearn.linear_model._coordinate_descent.Lasso",
        "sklearn.linear_model._logistic.LogisticRegression", "sklearn.linear_model._ridge.Ridge",
        "sklearn.linear_model._stochastic_gradient.SGDClassifier",
        "sklearn.linear_model._stochastic_gradient.SGDRegressor",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._multilayer_perceptron.MLPRegressor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.pipeline.Pipeline", "sklearn.preprocessing._data.MinMaxScaler",
        "sklearn.preprocessing._data.StandardScaler", "sklearn.preprocessing._encoders.OneHotEncoder",
        "sklearn.preprocessing._function_transformer.FunctionTransformer",
        "sklearn.preprocessing._encoders.OrdinalEncoder",
        "sklearn.preprocessing._label.LabelBinarizer", "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.preprocessing._polynomial.PolynomialFeatures", "sklearn.svm._classes.SVC",
        "sklearn.svm._classes.SVR",
        "sklearn.tree._classes.DecisionTreeClassifier", "sklearn.tree._classes.DecisionTreeRegressor",
        "sklearn.tree._classes.ExtraTreeClassifier", "sklearn.tree._classes.ExtraTreeRegressor",
        "sklearn.tree._tree.Tree",
    }
)  # fmt: skip
"""Every type that the pipelines of `models.pipelines` are made of."""


class ArtifactError(ScoreloopError):
    """The bytes are no artefact that may be loaded."""


def dumps(pipeline: Pipeline) -> bytes:
    """The artefact of a fitted pipeline; not the same bytes twice.

    Raises:
        ArtifactError: the pipeline holds a type that `loads` would refuse.
    """
    try:
        data: bytes = skops.io.dumps(pipeline)
    except UnsupportedTypeException as error:
        raise ArtifactError(f"the pipeline cannot be written as {FORMAT}: {error}") from error
    _audit(data)
    return data


def loads(data: bytes) -> Pipeline:
    """The pipeline in `data`, which answers as the one that was dumped.

    Nothing is built, imported or called before every type has been found in `TRUSTED`.

    Raises:
        ArtifactError: `data` is corrupted, is no fitted pipeline, or names a type that is not trusted.
    """
    try:
        _audit(data)
        loaded = skops.io.loads(data, trusted=sorted(TRUSTED))
        check_is_fitted(loaded)
    except ArtifactError:
        raise
    except Exception as error:
        raise ArtifactError(
            f"the artefact cannot be read as {FORMAT} ({type(error).__name__}); it is corrupted or was made "
            "by other versions of the packages: train it again"
        ) from error
    if not isinstance(loaded, Pipeline):
        raise ArtifactError(f"the artefact holds a {type(loaded).__name__}, and a pipeline is needed")
    return loaded


def _audit(data: bytes) -> None:
    """Refuse `data` unless everything that its schema names is trusted."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ArtifactError(
                "the artefact is compressed, which none of ours is: a few bytes could fill memory"
            )
        schema = json.loads(archive.read("schema.json"))
    for node in _nodes(schema):
        name = f"{node['__module__']}.{node['__class__']}"
        if node["__loader__"] not in _NODES or name not in TRUSTED:
            raise ArtifactError(
                f"the artefact holds {name[:200]!r} ({str(node['__loader__'])[:50]}), which is not among the "
                "trusted types, so nothing of it was loaded"
            )


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema that names a class."""
    if isinstance(value, dict):
        if value.keys() & {"__class__", "__module__", "__loader__"}:
            yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)
