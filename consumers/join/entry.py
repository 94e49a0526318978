"""What the join knows of one event_id: answers that wait, a label that waits, and what is over.

Millions of these are held, so what most events do not have takes no room: empty tuples are all the same one.
"""

from typing import Any

from msgspec import Struct

from events.records import Role
from events.schema import Label

NEVER = 2**63 - 1
"""After every time."""


class Waiting(Struct, array_like=True, gc=False):
    """An answer, a prediction or a shadow, that waits for its label."""

    prediction_id: str
    ts: int
    model_version: int
    role: Role
    offset: int
    """Where it stands in `predictions` or `shadows`."""
    value: bytes
    """The record itself: its outcome repeats it."""
    parked: bool = False

    @property
    def served(self) -> bool:
        """Whether this is the answer that was served, a record of `predictions`."""
        return self.role != "shadow"


class Known(Struct, array_like=True, gc=False):
    """A label, valid, with the record that it came in: what is refused later is kept byte for byte.

    So it travels in `internal.labels`, where `verify` reads the record and not what was made of it.
    """

    source_partition: int
    source_offset: int
    source_ts: int
    source_key: bytes | None
    source_value: bytes | None
    label: Any
    """A class of the stream, or for a regression a float."""
    ts: int


class Matched(Struct, array_like=True, gc=False):
    """An answer that had its label, for the comparison with the event's other arms."""

    model_version: int
    role: Role
    loss: float


class Entry(Struct, array_like=True, gc=False):
    """One event_id. The first prediction of an id takes its label; `joined` says which that was.

    What is over is remembered until `forget`: then repeated, conflicting and late labels can be told apart.
    """

    answers: tuple[Waiting, ...] = ()
    """In the order in which they were read: of an id that came twice the lower offset is first."""
    early: Known | None = None
    """A label whose prediction has not come."""
    joined: str | None = None
    """The prediction_id that took the label, or expired without one; its shadows go with it."""
    label: Label | None = None
    """The label that was first, whether it came in time or not."""
    label_ts: int = 0
    in_time: bool = False
    memo: bool = False
    """Whether `joined` is kept in `internal.parked`, because `outcomes` alone does not tell it."""
    forget: int = 0
    """The watermark up to which `joined` is remembered."""
    matched: tuple[Matched, ...] = ()
    queued: int = NEVER
    """The shelf's: the time with which this stands in its queue, not after it is due."""

    @property
    def first(self) -> Waiting | None:
        """The prediction that waits and was read first."""
        for answer in self.answers:
            if answer.served:
                return answer
        return None

    @property
    def empty(self) -> bool:
        """Whether nothing is left to know."""
        return not self.answers and self.early is None and self.joined is None

    def due(self, horizon: int) -> int:
        """The watermark after which something here expires or is forgotten; `NEVER` where nothing is."""
        due = self.forget if self.joined is not None else NEVER
        for answer in self.answers:
            due = min(due, answer.ts + horizon)
        return due if self.early is None else min(due, self.early.ts + horizon)
