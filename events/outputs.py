"""What a step wants written: the records of one transaction."""

from dataclasses import dataclass, field

Message = dict[str, bytes | None]
"""`{"key": …, "value": …}`, the shape in which the client takes many at once."""

ANY_PARTITION = -1
"""The key decides."""


@dataclass(frozen=True, slots=True)
class Output:
    """One record with what only single records have: headers, or a partition of its own."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = ANY_PARTITION


@dataclass(frozen=True, slots=True)
class Outputs:
    """The records of one transaction: many plain ones by topic, many by topic and partition, single ones."""

    many: dict[str, list[Message]] = field(default_factory=dict)
    placed: dict[tuple[str, int], list[Message]] = field(default_factory=dict)
    """Where the key does not decide. (A `partition` inside a message is ignored by the client.)"""
    single: list[Output] = field(default_factory=list)

    def __len__(self) -> int:
        batches = (*self.many.values(), *self.placed.values())
        return sum(map(len, batches)) + len(self.single)
