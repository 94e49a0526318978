"""A model of river as data, and back: without pickle, which runs code.

A model is a graph of objects: trees grow, and what they are made of is shared. Written is the list of its
objects, each with its kind and with what it holds: plain values as they are, another object as its place in
the list. Kinds are those named here and no others; to build one is to make it empty and put its values in,
so nothing that the bytes say is called.

What is read back answers and learns on as the model that was written, bit for bit, with the same release of
river. As elsewhere, bytes from afar can hold a tree that leads nowhere: check their hash first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from random import Random
from typing import Any, NamedTuple

import msgspec

OBJECTS = frozenset(
    {
        "river.drift.adwin.ADWIN",
        "river.forest.adaptive_random_forest.ARFClassifier",
        "river.forest.adaptive_random_forest.ARFRegressor",
        "river.forest.adaptive_random_forest.BaseTreeClassifier",
        "river.forest.adaptive_random_forest.BaseTreeRegressor",
        "river.linear_model.lin_reg.LinearRegression", "river.linear_model.log_reg.LogisticRegression",
        "river.metrics.accuracy.Accuracy", "river.metrics.confusion.ConfusionMatrix", "river.metrics.mse.MSE",
        "river.multiclass.ovr.OneVsRestClassifier",
        "river.naive_bayes.gaussian.GaussianNB",
        "river.optim.initializers.Zeros", "river.optim.losses.Log", "river.optim.losses.Squared",
        "river.optim.schedulers.Constant", "river.optim.sgd.SGD",
        "river.proba.gaussian.Gaussian",
        "river.stats.mean.Mean", "river.stats.var.Var",
        "river.tree.hoeffding_tree_classifier.HoeffdingTreeClassifier",
        "river.tree.hoeffding_tree_regressor.HoeffdingTreeRegressor",
        "river.tree.nodes.arf_htc_nodes.RandomLeafNaiveBayesAdaptive",
        "river.tree.nodes.arf_htr_nodes.RandomLeafAdaptive",
        "river.tree.nodes.branch.NumericBinaryBranch",
        "river.tree.nodes.htc_nodes.LeafNaiveBayesAdaptive",
        "river.tree.nodes.htr_nodes.LeafAdaptive",
        "river.tree.splitter.gaussian_splitter.GaussianSplitter",
        "river.tree.splitter.qo_splitter.FeatureQuantizer", "river.tree.splitter.qo_splitter.QOSplitter",
        "river.tree.splitter.qo_splitter.Slot",
    }
)  # fmt: skip
"""What the models of `models.online` are made of, beside Python's containers and the two compiled kinds."""

_IDLE = {"river.proba.gaussian.Gaussian": {"_rng"}}
"""Attributes that no answer rests on: a source of chance, seeded by the clock, for each class and column."""
_OWN = {"river.tree.splitter.qo_splitter.Slot": {"_update_estimator": "_update_estimator_univariate"}}
"""Attributes that are methods of the object itself."""
_PLAIN = {type(None), bool, int, float, str}

Cell = Any
"""A plain value, or a list of one number: the place of an object."""
Say = Callable[[Any], Cell]
Mean = Callable[[Cell], Any]


class _Kind(NamedTuple):
    """How objects of a kind are written, and built."""

    told: Callable[[Any, Say], Any]
    """What it holds."""
    empty: Callable[[Any], Any]
    """A new one, of what it is to hold."""
    fill: Callable[[Any, Any, Mean], None]
    """Puts in what it is to hold; by then there is an empty one of every object."""


def said(model: object) -> bytes:
    """The bytes of `model`.

    Raises:
        ValueError: it holds something of another kind.
    """
    objects, places = [model], {id(model): 0}

    def say(value: Any) -> Cell:
        if type(value) in _PLAIN:
            return value
        if places.setdefault(id(value), len(objects)) == len(objects):
            objects.append(value)
        return [places[id(value)]]

    def node(one: object) -> tuple[str, Any]:
        name = f"{type(one).__module__}.{type(one).__qualname__}"
        if name not in _KINDS:
            raise ValueError(f"a model that holds {name[:200]!r} cannot be kept")
        return name, _KINDS[name].told(one, say)

    return msgspec.msgpack.encode([node(one) for one in objects])  # which grow while they are told


def meant(data: bytes) -> Any:
    """The model that `data` says.

    Raises:
        Exception: it says none, in one of many ways.
    """
    nodes = msgspec.msgpack.decode(data, type=list[tuple[str, Any]])
    if unknown := {name for name, _ in nodes} - _KINDS.keys():
        raise ValueError(f"it holds {min(unknown)[:200]!r}, which is not among the kinds that are known")
    objects = [_KINDS[name].empty(content) for name, content in nodes]

    def mean(cell: Cell) -> Any:
        return objects[cell[0]] if isinstance(cell, list) else cell

    for made, (name, content) in zip(objects, nodes, strict=True):
        _KINDS[name].fill(made, content, mean)
    return objects[0]


def _pairs(items: Iterable[tuple[Any, Any]], say: Say) -> list[tuple[Cell, Cell]]:
    return [(say(name), say(value)) for name, value in items]


def _put(made: Any, pairs: Any, mean: Mean) -> None:
    for name, value in pairs:
        made[mean(name)] = mean(value)


def _map(kind: Callable[[], Any]) -> _Kind:
    return _Kind(lambda one, say: _pairs(one.items(), say), lambda _: kind(), _put)


def _line(kind: type, add: str) -> _Kind:
    def fill(made: Any, cells: Any, mean: Mean) -> None:
        for cell in cells:
            getattr(made, add)(mean(cell))

    return _Kind(lambda one, say: [say(value) for value in one], lambda _: kind(), fill)


def _object(name: str) -> _Kind:
    own = _OWN.get(name, {})
    left_out = _IDLE.get(name, set()) | own.keys()

    def told(one: Any, say: Say) -> Any:
        return _pairs(((key, value) for key, value in _attributes(one) if key not in left_out), say)

    def empty(_: Any) -> Any:
        kind = _found(name)
        return kind.__new__(kind)

    def fill(made: Any, pairs: Any, mean: Mean) -> None:
        for key, value in pairs:
            object.__setattr__(made, key, mean(value))
        for key, method in own.items():
            setattr(made, key, getattr(made, method))

    return _Kind(told, empty, fill)


def _attributes(one: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(one, "__dict__", {}).items()
    slots = (name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ()))
    yield from ((name, getattr(one, name)) for name in slots if hasattr(one, name))


_DICTS_OF = "defaultdict of "


def _factory_name(factory: Any) -> str:
    """What a `defaultdict` makes for a key that it lacks: nothing that an artefact could choose freely."""
    if isinstance(factory, partial) and factory.func is defaultdict and not factory.keywords:
        return _DICTS_OF + _factory_name(*factory.args)
    return next(name for name in ("float", "int", "gaussian") if _factory(name) is factory)


def _factory(name: str) -> Any:
    if name.startswith(_DICTS_OF):
        return partial(defaultdict, _factory(name.removeprefix(_DICTS_OF)))
    if name == "gaussian":
        return vars(_found("river.naive_bayes.gaussian.GaussianNB"))["_make_gaussian"].__func__
    return {"float": float, "int": int}[name]


def _found(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    return getattr(import_module(module), kind)


def _compiled(made: Any, state: bytes) -> None:
    try:
        made.__setstate__(state)
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # Rust's, which nobody expects to have to catch
            raise ValueError("it holds bytes that are no window") from None
        raise


_ADWIN = "river._river_rust.drift.AdaptiveWindowing"
_VECTOR = "river._river_rust.vectordict.VectorDict"
_KINDS: dict[str, _Kind] = {
    **{name: _object(name) for name in OBJECTS},
    "builtins.dict": _map(dict),
    "collections.Counter": _map(Counter),
    "builtins.list": _line(list, "append"),
    "builtins.set": _line(set, "add"),
    "collections.defaultdict": _Kind(
        lambda one, say: (_factory_name(one.default_factory), _pairs(one.items(), say)),
        lambda content: defaultdict(_factory(content[0])),
        lambda made, content, mean: _put(made, content[1], mean),
    ),
    "random.Random": _Kind(
        lambda one, _: one.getstate()[1],
        lambda _: Random(),  # noqa: S311 (a model's own chance; no secret)
        lambda made, content, _: made.setstate((3, tuple(content), None)),
    ),
    _ADWIN: _Kind(
        lambda one, _: (one.__getnewargs__(), one.__getstate__()),
        lambda content: _found(_ADWIN)(*content[0]),
        lambda made, content, _: _compiled(made, content[1]),
    ),
    _VECTOR: _Kind(
        lambda one, say: _pairs(one.items(), say),
        lambda _: _found(_VECTOR)(None),
        _put,
    ),
}
