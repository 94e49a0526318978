"""What a step of the loop is given, and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from confluent_kafka import TopicPartition

from events.outputs import Outputs

Place = tuple[str, int]
"""A topic's full name and a partition."""


class Received(Protocol):
    """A record as the consumer gives it; the client's own types also allow what never comes."""

    def topic(self) -> str: ...  # noqa: D102 (Kafka's words)
    def partition(self) -> int: ...  # noqa: D102
    def offset(self) -> int: ...  # noqa: D102
    def timestamp(self) -> tuple[int, int]: ...  # noqa: D102
    def key(self) -> bytes | None: ...  # noqa: D102
    def value(self) -> bytes | None: ...  # noqa: D102


@dataclass(frozen=True)
class Batch:
    """What has been read in one turn; often nothing."""

    messages: Sequence[Received] = ()
    ends: Mapping[Place, int] = field(default_factory=dict)
    """Where a partition was read to its end in this turn: the offset that comes next there."""
    began: Sequence[TopicPartition] | None = None
    """The committed offsets, with their metadata, where reading starts anew with this turn: after a start,
    a rebalance or an abort. It names every partition that is read; what was known of others is void."""

    @cached_property
    def by_place(self) -> Mapping[Place, Sequence[Received]]:
        """The records of each partition, in their order."""
        found: dict[Place, list[Received]] = {}
        for message in self.messages:
            found.setdefault((message.topic(), message.partition()), []).append(message)
        return found

    @cached_property
    def next_offsets(self) -> Mapping[Place, int]:
        """The offsets to commit: from the records themselves, never from the position."""
        return {place: messages[-1].offset() + 1 for place, messages in self.by_place.items()}


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn writes, all or nothing, with the offsets of the batch."""

    outputs: Outputs
    notes: Mapping[Place, tuple[int, str]] = field(default_factory=dict)
    """Offsets that the step itself commits, each with the metadata that stands beside it: at most 4,095
    bytes. They take the place of the batch's own at the same partition."""


class Step(Protocol):
    """A service's own part of the loop: it decides, and does no I/O but to restore its state."""

    def begin(self, committed: Sequence[TopicPartition]) -> None:
        """Reading starts anew from `committed`: make the state what it was there."""

    def __call__(self, batch: Batch, now: int) -> Turn:
        """What to write for `batch`, read at `now` (milliseconds since the epoch)."""
