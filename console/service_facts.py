"""How far each service is, and who runs it, as the cluster knows it."""

from collections.abc import Iterable, Mapping

from confluent_kafka.admin import AdminClient, OffsetSpec
from pydantic import BaseModel

from console.workers import ServiceState, WorkerFacts, processes, scorers, service_state
from events import topics
from events.settings import Settings
from transport.behind import behind
from transport.standing import committed, newest, offsets
from transport.topics import partitions


class Position(BaseModel):
    """How far a group is in one partition."""

    committed: int | None
    """The offset to read next; None where none was ever committed."""
    end: int
    lag: int | None
    """Records not read yet; over a gap of more than 200 offsets these, with transactions' own marks."""


class ServiceFacts(BaseModel):
    """One service: its group's offsets and lag, and its slots."""

    state: ServiceState
    group: str
    lag: int
    lags: dict[str, int]
    """By topic, with its full name."""
    offsets: dict[str, dict[str, Position]]
    """By topic and partition."""
    workers: list[WorkerFacts]


def services(client: AdminClient, settings: Settings, now: int) -> dict[str, ServiceFacts]:
    """The facts at `now` of each service that has a consumer group; a topic that is missing is left out."""
    there = partitions(client, settings)
    read: dict[str, list[str]] = {}
    for group, topic in topics.groups(settings.name):
        names = read.setdefault(group.rpartition(".")[2], [])
        if topic.of(settings.name) in there:
            names.append(topic.of(settings.name))
    slots = _slots(settings, there, read, now)
    found = {}
    for service, names in read.items():
        ends = {name: offsets(client, name, there[name], OffsetSpec.latest()) for name in names}
        found[service] = _service(settings, topics.group(settings.name, service), ends, slots[service])
    return found


def _service(
    settings: Settings, group: str, ends: Mapping[str, Mapping[int, int]], workers: list[WorkerFacts]
) -> ServiceFacts:
    positions = {name: _positions(settings, group, name, of) for name, of in ends.items()}
    lags = {name: sum(position.lag or 0 for position in of.values()) for name, of in positions.items()}
    return ServiceFacts(
        state=service_state(workers),
        group=group,
        lag=sum(lags.values()),
        lags=lags,
        offsets=positions,
        workers=workers,
    )


def _positions(settings: Settings, group: str, topic: str, ends: Mapping[int, int]) -> dict[str, Position]:
    at = committed(settings.kafka, group, topic, len(ends))
    gaps = {p: (offset, ends[p]) for p, offset in at.items() if offset is not None}
    lags = behind(settings.kafka, topic, gaps)
    return {str(p): Position(committed=at[p], end=ends[p], lag=lags.get(p)) for p in sorted(at)}


def _slots(
    settings: Settings, there: Mapping[str, int], services: Iterable[str], now: int
) -> dict[str, list[WorkerFacts]]:
    """Service → its slots; scorers have a topic of their own."""

    def records(topic: topics.Topic) -> dict[bytes, bytes]:
        name = topic.of(settings.name)
        return newest(settings.kafka, name) if name in there else {}

    workers, others = records(topics.WORKERS), records(topics.SERVICES)
    return {
        service: scorers(workers, now) if service == topics.SCORER else processes(others, service, now)
        for service in services
    }
