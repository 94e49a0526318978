"""Part `scoring`: one scorer process, exactly once and validated, against what bounds it.

In each round every variant scores new events, one after the other, and so do the transport's limit, the
estimator alone and the plain loop on the same bytes: a ratio is of one round.
"""

from collections.abc import Iterator
from typing import Any

from speed.figures import Figure
from speed.limit import passed_on, plain, timed
from speed.pace import begun, rate, settled, spending
from speed.processes import megabytes, running
from speed.rig import Rig, Stream

from events import topics
from events.settings import Family
from models.frame import Layout
from models.threads import one_thread

EVENTS = 200_000
PLAIN_EVENTS = 2_000
WIDTHS = (8, 50)
FAMILIES: dict[Family, tuple[str, dict[str, float | int]]] = {
    "linear": ("logistic regression", {"C": 10.0}),
    "boosting": ("histogram boosting, 100 trees", {"max_iter": 100, "max_leaf_nodes": 15}),
    "forest": ("random forest, 100 trees", {"n_estimators": 100, "min_samples_leaf": 20}),
}
LIMIT_SHARE = 0.75


def figures(rig: Rig) -> Iterator[Figure]:
    """Each variant's events a second, and its share of the limit."""
    for width in WIDTHS:
        yield from _of_width(rig, width)


def _of_width(rig: Rig, width: int) -> Iterator[Figure]:
    made = {family: rig.stream(width, family) for family in FAMILIES}
    pipelines = {family: stream.champion(FAMILIES[family][1]) for family, stream in made.items()}
    for stream in made.values():
        stream.stamp(topics.PREDICTIONS)
    limit = Figure(f"transport's limit, {width} features", "events/s")
    loop = Figure(f"plain loop, {width} features, logistic regression", "events/s")
    scored = {f: Figure(f"scorer, {width} features, {FAMILIES[f][0]}", "events/s") for f in FAMILIES}
    alone = {f: Figure(f"estimator alone, {width} features, {FAMILIES[f][0]}", "rows/s") for f in FAMILIES}
    costs = {
        name: Figure(f"{name}'s processor time, {width} features", "µs/event")
        for name in ("scorer", "broker")
    }
    memory = Figure(f"scorer's most memory, {width} features", "MB")
    for _ in range(rig.rounds):
        first = made["linear"]
        starts = first.ends(topics.FEATURES)
        for family, stream in made.items():
            stream.append(EVENTS)
            found, spent, held = _scored(rig, stream)
            scored[family].values.append(found)
            alone[family].values.append(_alone(stream, pipelines[family]))
            if family == "linear":
                memory.values.append(held)
                for name, cost in costs.items():
                    cost.values.append(spent[name])
        limit.values.append(passed_on(first, [topics.FEATURES], {topics.FEATURES: starts}))
        loop.values.append(plain(first, pipelines["linear"], starts, PLAIN_EVENTS))
    yield limit
    for family, figure in scored.items():
        yield figure
        target = LIMIT_SHARE if (family, width) == ("linear", WIDTHS[0]) else None
        yield figure.over(limit, f"{figure.what}: of the limit", at_least=target)
        yield alone[family]
    yield loop
    yield scored["linear"].over(loop, f"scorer over the plain loop, {width} features")
    yield from costs.values()
    yield memory
    each = rig.written(made["linear"], topics.FEATURES) / (EVENTS * rig.rounds)
    yield Figure(f"in features, {width} features", "bytes/event", [each])


def _scored(rig: Rig, stream: Stream) -> tuple[float, dict[str, float], float]:
    """Events a second of a scorer on what was appended, what it and the broker spent, its memory in MB."""
    starts = stream.ends(topics.PREDICTIONS)
    with running("scorer", stream.path) as process:
        new = begun(stream, topics.PREDICTIONS, starts)
        with spending({"scorer": process.pid, "broker": rig.broker}, EVENTS - new) as spent:
            settled(stream, topics.SCORER, topics.FEATURES)
        held = megabytes(process.pid, "VmHWM")
    return rate(stream, topics.PREDICTIONS, starts), spent, held


def _alone(stream: Stream, pipeline: Any, batch: int = 5_000) -> float:
    """Rows a second of `predict_proba` on batches of a scorer's size."""
    frame = Layout(stream.settings.features).frame(stream.rows()[:batch])

    def work() -> None:
        with one_thread():
            pipeline.predict_proba(frame)

    work()
    return batch / min(timed(work) for _ in range(3))
