"""How records go through the scorer and the joiner: what is refused, gathered and held."""

from typing import Annotated

from pydantic import Field

from events.durations import Duration
from events.schema import Section


class Limits(Section):
    """What is refused."""

    max_event_bytes: Annotated[int, Field(ge=64, le=16 * 1024 * 1024)] = 64 * 1024
    """A record with a larger value, or a larger key, goes to `dead-letters`."""
    max_future_skew: Duration = 300_000
    """How far an event's `ts` may be ahead of its Kafka timestamp."""
    idle_after: Duration = 60_000
    """A partition read to its end with nothing new for so long is left out of the watermark."""
    bad_records_share: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The share of refused records in `features` or in `labels` above which an alarm rings; 1 for never."""
    bad_records_over: Annotated[int, Field(ge=1)] = 1_000
    """Over so many records."""


class Scoring(Section):
    """How events are gathered into one `predict`."""

    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """The most events in one batch, and so in one transaction."""
    batch_wait: Duration = 5
    """How long a batch that is not full waits for more."""
    producers: Annotated[int, Field(ge=1, le=4)] = 2
    """Transactional producers of a slot that take turns: further ones make answers come sooner under load,
    and the most that one slot can score a second a little less."""


class Joining(Section):
    """How much the joiner takes at once, and what it holds for each partition of `predictions`."""

    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 20_000
    """The most predictions, shadows and labels in one transaction: nobody waits for an outcome as for an
    answer, and a few large turns cost less than many small ones."""
    memory_entries: Annotated[int, Field(ge=1)] = 100_000
    """Events held in memory, about a kilobyte each; the others are on local disk."""
    park_after: Annotated[int, Field(ge=1)] = 50_000
    """An answer with so many newer ones is put by, so that a restart need not read back to it."""
