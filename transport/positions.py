"""Where each group stands in each partition that it reads, and whether it can read on from there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from confluent_kafka.admin import AdminClient, OffsetSpec

from events import topics
from events.settings import Settings
from events.topics import Topic
from transport.standing import committed_places, offsets
from transport.topics import partitions

State = Literal["ok", "gone", "none", "beyond the end"]


@dataclass(frozen=True, slots=True)
class Position:
    """A service's place in one partition of `topic`, which holds the offsets from `begin` to `end`."""

    service: str
    topic: Topic
    partition: int
    committed: int | None
    metadata: str
    """What the service keeps beside its offset."""
    begin: int
    end: int

    @property
    def state(self) -> State:
        """`gone`: records were deleted before they were read; `beyond the end`: this is another topic."""
        if self.committed is None:
            return "none"
        if self.committed > self.end:
            return "beyond the end"
        return "ok" if self.committed >= self.begin else "gone"

    @property
    def lost(self) -> int:
        """Offsets that were deleted before they were read, transactions' own marks among them."""
        return 0 if self.committed is None else max(0, self.begin - self.committed)


def positions(client: AdminClient, settings: Settings, service: str | None = None) -> Iterator[Position]:
    """Every position of the stream's groups, or of one service's; a topic that is missing is left out.

    Raises:
        ScoreloopError: the cluster did not answer.
    """
    there = partitions(client, settings)
    for group, topic in topics.groups(settings.name):
        name, reader = topic.of(settings.name), group.rpartition(".")[2]
        if name not in there or service not in {None, reader}:
            continue
        begins = offsets(client, name, there[name], OffsetSpec.earliest())
        ends = offsets(client, name, there[name], OffsetSpec.latest(), committed_only=False)
        for place in committed_places(settings.kafka, group, name, there[name]):
            at, p = place.offset, place.partition
            yield Position(
                reader, topic, p, at if at >= 0 else None, place.metadata or "", begins[p], ends[p]
            )
