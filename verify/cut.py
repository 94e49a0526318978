"""The consistent cut: how far each topic is read, so that an audit can run beside the services.

Two kinds of check pull in two directions. "What was taken in came out": the committed offsets are asked
before the ends of what is written with them. "What came out was taken in": the ends of what is written are
asked before the ends of what it is made from. So: committed offsets first, then ends from the last topic of
the flow to the first. What lies beyond is waiting, and no error.

An end is that of all records, open transactions included: a transaction's markers reach its partitions one
after another, so a partition may not show yet what its offsets' commit says is there. Reading on to that end
in read_committed mode waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient, OffsetSpec

from events import topics
from events.settings import Settings
from events.topics import Topic
from transport.standing import committed, offsets
from transport.topics import partitions

Offsets = Mapping[int, int]
"""Partition → offset."""

FLOW_BACKWARDS = (
    topics.WINDOWS, topics.METRICS, topics.OUTCOMES, topics.DEAD_LETTERS, topics.PREDICTIONS, topics.SHADOWS,
    topics.JOINING, topics.LABELS, topics.FEATURES,
)  # fmt: skip
AFTER = (topics.TALLIES, topics.SOURCES, topics.MODELS, topics.SKIPS)
"""Asked last: what has changed behind the metrics, all finishes, all versions that may be named, and all that
was skipped to come to the committed offsets."""
READ = (*FLOW_BACKWARDS, *AFTER)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an audit stops.

    `committed` is how far the service that reads a topic has come, and `ends` how far the audit reads.
    `finished_below` is the end of `internal.sources` before any other was asked: what a finish settled that
    is called done below it is settled in all that is read.
    """

    committed: Mapping[Topic, Offsets]
    ends: Mapping[Topic, Offsets]
    finished_below: Offsets

    def taken(self, topic: Topic, partition: int, offset: int) -> bool:
        """Whether the service that reads `topic` has committed this record."""
        return offset < self.committed[topic].get(partition, 0)


def cut(client: AdminClient, settings: Settings) -> Cut:
    """The cut now; see the module for the order of asking."""
    there = partitions(client, settings)
    read = {topic: there[topic.of(settings.name)] for topic in READ}
    done = {
        topic: _committed(settings, group, topic, read[topic])
        for group, topic in topics.groups(settings.name)
        if topic in read
    }
    finished_below = _ends(client, settings, topics.SOURCES, 1)
    ends = {topic: _ends(client, settings, topic, count) for topic, count in read.items()}
    return Cut(done, ends, finished_below)


def beginnings(client: AdminClient, settings: Settings) -> dict[Topic, Offsets]:
    """Where each topic begins now. Asked after reading: what lies behind it was there to be read."""
    there = partitions(client, settings)
    return {
        topic: offsets(client, name, there[name], OffsetSpec.earliest())
        for topic in READ
        for name in [topic.of(settings.name)]
    }


def _committed(settings: Settings, group: str, topic: Topic, count: int) -> Offsets:
    """Where nothing is committed, nothing is promised."""
    there = committed(settings.kafka, group, topic.of(settings.name), count)
    return {partition: offset or 0 for partition, offset in there.items()}


def _ends(client: AdminClient, settings: Settings, topic: Topic, count: int) -> Offsets:
    return offsets(client, topic.of(settings.name), count, OffsetSpec.latest(), committed_only=False)
