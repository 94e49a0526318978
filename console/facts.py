"""The facts of a stream as `status` and `up` show them, read from the cluster alone."""

import time
from typing import Any, Literal

from confluent_kafka.admin import AdminClient, OffsetSpec
from pydantic import BaseModel

from consumers.roles import ModelsView, RolesError
from events import topics
from events.records import Worker
from events.settings import Settings
from transport.standing import committed, newest, offsets
from transport.topics import partitions

GONE_AFTER_MS = 30_000
"""A worker whose last record is older counts as gone."""


class Position(BaseModel):
    """How far a group is in one partition."""

    committed: int | None
    end: int
    lag: int | None


class WorkerFacts(BaseModel):
    """One slot of a service."""

    worker: str
    state: Literal["serving", "waiting", "refusing", "gone"]
    seconds_ago: float
    epoch: int | None
    champion: int | None
    error: str | None
    process: str | None


class ServiceFacts(BaseModel):
    """One service: its group's offsets and lag, and its workers."""

    state: Literal["running", "refusing", "waiting", "stopped"]
    group: str
    topic: str
    offsets: dict[str, Position]
    lag: int
    workers: list[WorkerFacts]


class VersionFacts(BaseModel):
    """One version, in short."""

    version: int
    estimator: str
    created_ts: int
    metrics: dict[str, Any]


class Facts(BaseModel):
    """What is known of a stream at one moment."""

    stream: str
    bootstrap_servers: str
    ts: int
    roles: dict[str, Any] | None
    versions: list[VersionFacts]
    services: dict[str, ServiceFacts]
    topics: dict[str, dict[str, tuple[int, int]]]
    """Topic → partition → (beginning, end) offsets."""


def facts(client: AdminClient, settings: Settings) -> Facts:
    """The stream's facts now; a topic that is missing is left out."""
    now = time.time_ns() // 1_000_000
    there = partitions(client, settings)
    ends = {
        name: (
            offsets(client, name, count, OffsetSpec.earliest()),
            offsets(client, name, count, OffsetSpec.latest()),
        )
        for name, count in there.items()
    }
    view = _models(settings, there)
    standing = view.standing()
    return Facts(
        stream=settings.name,
        bootstrap_servers=settings.kafka.bootstrap_servers,
        ts=now,
        roles=None if standing is None else standing.model_dump(),
        versions=[
            VersionFacts(version=m.version, estimator=m.estimator, created_ts=m.created_ts, metrics=m.metrics)
            for _, m in sorted(view.manifests.items())
        ],
        services={topics.SCORER: _service(client, settings, there, now)},
        topics={
            name: {str(p): (first[p], last[p]) for p in sorted(last)} for name, (first, last) in ends.items()
        },
    )


def _models(settings: Settings, there: dict[str, int]) -> ModelsView:
    view = ModelsView()
    name = topics.MODELS.of(settings.name)
    for key, value in newest(settings.kafka, name).items() if name in there else ():
        try:
            view.take(key, value)
        except RolesError:
            continue  # the scorers tell of it in `workers`
    return view


def _service(client: AdminClient, settings: Settings, there: dict[str, int], now: int) -> ServiceFacts:
    topic, group = topics.FEATURES.of(settings.name), topics.group(settings.name, topics.SCORER)
    count = there.get(topic, 0)
    ends = offsets(client, topic, count, OffsetSpec.latest())
    at = committed(settings.kafka, group, topic, count)
    positions = {str(partition): _position(at[partition], ends[partition]) for partition in sorted(at)}
    return ServiceFacts(
        state=_state(workers := _workers(settings, there, now)),
        group=group,
        topic=topic,
        offsets=positions,
        lag=sum(position.lag or 0 for position in positions.values()),
        workers=workers,
    )


def _position(committed: int | None, end: int) -> Position:
    return Position(committed=committed, end=end, lag=None if committed is None else end - committed)


def _workers(settings: Settings, there: dict[str, int], now: int) -> list[WorkerFacts]:
    name = topics.WORKERS.of(settings.name)
    records = newest(settings.kafka, name) if name in there else {}
    return sorted(
        (fact for value in records.values() if (fact := _worker(value, now)) is not None),
        key=lambda fact: fact.worker,
    )


def _worker(value: bytes, now: int) -> WorkerFacts | None:
    if (record := Worker.found(value)) is None:
        return None
    state: Literal["serving", "waiting", "refusing", "gone"]
    if now - record.ts > GONE_AFTER_MS:
        state = "gone"
    elif record.epoch is None:
        state = "waiting"
    else:
        state = "refusing" if record.error else "serving"
    return WorkerFacts(
        worker=record.worker,
        state=state,
        seconds_ago=max(0, now - record.ts) / 1000,
        epoch=record.epoch,
        champion=record.champion,
        error=record.error,
        process=record.process,
    )


def _state(workers: list[WorkerFacts]) -> Literal["running", "refusing", "waiting", "stopped"]:
    states = {worker.state for worker in workers}
    if "refusing" in states:
        return "refusing"
    if "serving" in states:
        return "running"
    return "waiting" if "waiting" in states else "stopped"
