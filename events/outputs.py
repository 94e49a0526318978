"""What a step wants written: the records of one transaction."""

from dataclasses import dataclass, field

Message = dict[str, bytes | int | None]
"""`{"key": …, "value": …}`, the shape in which the client takes many at once; `partition` may go with it."""

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
    """The records of one transaction: many plain ones by topic, and single ones."""

    many: dict[str, list[Message]] = field(default_factory=dict)
    single: list[Output] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.many.values())) + len(self.single)
