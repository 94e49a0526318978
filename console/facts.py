"""The facts of a stream as `status` and `up` show them, read from the cluster alone."""

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka.admin import AdminClient, OffsetSpec
from pydantic import BaseModel

from console.counts import CountFacts, WatermarkFacts, counts, watermark
from console.pending import Pending, asked_for
from console.service_facts import ServiceFacts, services
from consumers.roles import ModelsView, RolesError
from events import topics
from events.internal import SourceProgress
from events.monitor_state import TOTALS_KEY, Totals
from events.records import DecisionResult, Metric
from events.settings import Settings
from events.signatures import Trust
from transport.standing import newest, offsets
from transport.tail import last, recent
from transport.topics import partitions

_SOURCES_SPAN = 20_000
"""Newest reports of progress that are looked at: a reader that has just begun does not know how far it is."""


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
    why: str | None
    """What the decision that made it so came to."""
    versions: list[VersionFacts]
    services: dict[str, ServiceFacts]
    counts: CountFacts | None
    """None until a monitor has run."""
    watermark: WatermarkFacts
    newest_window: Metric | None
    """The newest final figures of a champion."""
    pending: Pending | None
    """A promotion that waits for approval."""
    topics: dict[str, dict[str, tuple[int, int]]]
    """Topic → partition → (beginning, end) offsets."""


def facts(client: AdminClient, settings: Settings) -> Facts:
    """The stream's facts now; a topic that is missing is left out."""
    there = partitions(client, settings)
    name = topics.MODELS.of(settings.name)
    models = newest(settings.kafka, name) if name in there else {}
    view = _view(settings, models)
    standing = view.standing()
    running = services(client, settings, _now())
    totals, as_of_ts = _totals(settings, there)  # after the lags: what was not behind then is counted
    return Facts(
        stream=settings.name,
        bootstrap_servers=settings.kafka.bootstrap_servers,
        ts=_now(),
        roles=None if standing is None else standing.model_dump(),
        why=None if standing is None else _result(models, standing.decision_id),
        versions=[
            VersionFacts(version=m.version, estimator=m.estimator, created_ts=m.created_ts, metrics=m.metrics)
            for _, m in sorted(view.manifests.items())
        ],
        services=running,
        counts=None if totals is None else counts(totals, as_of_ts),
        watermark=watermark(totals, _newest_event(settings, there)),
        newest_window=None if totals is None else totals.newest,
        pending=asked_for(settings, models) if topics.CONTROL.of(settings.name) in there else None,
        topics={name: _offsets(client, name, count) for name, count in there.items()},
    )


def _now() -> int:
    return time.time_ns() // 1_000_000


def _offsets(client: AdminClient, topic: str, count: int) -> dict[str, tuple[int, int]]:
    beginnings = offsets(client, topic, count, OffsetSpec.earliest())
    ends = offsets(client, topic, count, OffsetSpec.latest())
    return {str(partition): (beginnings[partition], ends[partition]) for partition in sorted(ends)}


def _result(models: Mapping[bytes, bytes], decision_id: str) -> str | None:
    result = DecisionResult.found(models.get(topics.decision_key(decision_id), b""))
    return None if result is None else result.reason


def _view(settings: Settings, models: Mapping[bytes, bytes]) -> ModelsView:
    view = ModelsView(Trust(settings))
    for key, value in models.items():
        try:
            view.take(key, value)
        except RolesError:
            continue  # the scorers tell of it in `workers`
    return view


def _totals(settings: Settings, there: Mapping[str, int]) -> tuple[Totals | None, int]:
    """What the monitor has counted, and when; None where none has run."""
    name = topics.WINDOWS.of(settings.name)
    found = last(settings.kafka, name, TOTALS_KEY) if name in there else None
    return (None, 0) if found is None else (Totals.found(found.value or b""), found.ts)


def _newest_event(settings: Settings, there: Mapping[str, int]) -> int | None:
    """The largest event time that scorers have told of lately."""
    name = topics.SOURCES.of(settings.name)
    records, _ = recent(settings.kafka, name, _SOURCES_SPAN) if name in there else ([], True)
    told = [
        progress.ts
        for record in records
        if (record.key or b"").startswith(b"features/")
        and (progress := SourceProgress.found(record.value or b""))
    ]
    return max((ts for ts in told if ts is not None), default=None)
