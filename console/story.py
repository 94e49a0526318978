"""A run of the loop as its topics tell it: who served when, how wrong, what rang and what became of it."""

from dataclasses import dataclass, field
from math import nan
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from events import topics
from events.dead_letters import octets
from events.records import Decision, DecisionResult, Drift, Metric, Record, Roles
from events.settings import Settings
from events.topics import Topic
from transport.reading import read_to_end

_Record = TypeVar("_Record", bound=Record)


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What of an outcome the story is made of."""

    prediction_id: str
    ts: int
    scored_ts: int
    model_version: int
    role: str
    loss: float | None


@dataclass(frozen=True)
class Answers:
    """Every served answer with its label or its expiry, in order of event time; arrays of equal length."""

    ts: NDArray[np.int64]
    scored_ts: NDArray[np.int64]
    settled_ts: NDArray[np.int64]
    """When its outcome was written."""
    version: NDArray[np.int64]
    loss: NDArray[np.float64]
    """NaN where it expired."""

    def error(self, chosen: NDArray[np.bool_]) -> float | None:
        """The mean loss of the labelled among `chosen`, None without any."""
        found = self.loss[chosen & ~np.isnan(self.loss)]
        return float(found.mean()) if len(found) else None

    def labels(self, chosen: NDArray[np.bool_]) -> int:
        """How many of `chosen` are labelled."""
        return int((chosen & ~np.isnan(self.loss)).sum())

    def event_time(self, at: int) -> int:
        """How far the stream had been scored at `at` of the clock, as event time."""
        before = self.ts[self.scored_ts <= at]
        return int(before.max() if len(before) else self.ts.min())


@dataclass
class Story:
    """What is in the topics, read once, when nothing more comes."""

    answers: Answers
    metrics: list[Metric] = field(default_factory=list)
    """Final windows of champions over all events, in order of time; of one restated the last."""
    drift: list[Drift] = field(default_factory=list)
    control: list[Decision] = field(default_factory=list)
    results: dict[str, DecisionResult] = field(default_factory=dict)
    """By decision_id."""
    roles: list[Roles] = field(default_factory=list)
    """In order of their epochs."""
    estimators: dict[int, str] = field(default_factory=dict)


def told(settings: Settings) -> Story:
    """The story of a stream, from what its topics still have.

    Raises:
        ScoreloopError: a topic cannot be read.
    """
    story = Story(_answers(settings))
    windows = {
        (m.from_ts, m.model_version): m
        for m in _records(settings, topics.METRICS, Metric)
        if m.final and m.segment is None and m.role == "champion"
    }
    story.metrics = [windows[key] for key in sorted(windows)]
    story.drift = _records(settings, topics.DRIFT, Drift)
    story.control = _records(settings, topics.CONTROL, Decision)
    for message in read_to_end(settings.kafka, topics.MODELS.of(settings.name)):
        _take(story, (octets(message.key()) or b"").decode(), octets(message.value()) or b"")
    story.roles.sort(key=lambda roles: roles.epoch)
    return story


def _take(story: Story, key: str, value: bytes) -> None:
    kind, _, name = key.partition("/")
    if kind == "decision" and (result := DecisionResult.found(value)) is not None:
        story.results[name] = result
    elif kind == "roles" and name and (roles := Roles.found(value)) is not None:
        story.roles.append(roles)
    elif kind == "version":
        story.estimators[int(name)] = msgspec.json.decode(value)["estimator"]


def _records(settings: Settings, topic: Topic, kind: type[_Record]) -> list[_Record]:
    messages = read_to_end(settings.kafka, topic.of(settings.name))
    found = (kind.found(octets(message.value()) or b"") for message in messages)
    return [record for record in found if record is not None]


def _answers(settings: Settings) -> Answers:
    decoder = msgspec.json.Decoder(Answer)
    rows: list[tuple[Any, ...]] = []
    for message in read_to_end(settings.kafka, topics.OUTCOMES.of(settings.name)):
        one = decoder.decode(octets(message.value()) or b"")
        if one.role != "shadow":
            loss = nan if one.loss is None else one.loss
            rows.append((one.ts, one.scored_ts, message.timestamp()[1], one.model_version, loss))
    columns = list(zip(*sorted(rows), strict=True)) or [()] * 5
    ts, scored, settled, version = (np.array(column, dtype=np.int64) for column in columns[:-1])
    return Answers(ts, scored, settled, version, np.array(columns[-1], dtype=np.float64))
