"""Over which ranges of event time figures are computed, and when they are published."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from events.durations import Duration
from events.schema import Section

BUCKETS_A_WINDOW = 12


class Windows(Section):
    """Ranges of event time, aligned to the epoch, over which figures are computed."""

    length: Duration = 3_600_000
    bucket: Duration | None = None
    """What alarms look at; divides `length`; default a twelfth of it."""
    segments: tuple[str, ...] = ()
    """Features whose values each get figures of their own: booleans, and categories with `values`."""

    @property
    def bucket_ms(self) -> int:
        """The bucket's length in milliseconds."""
        return self.length // BUCKETS_A_WINDOW if self.bucket is None else self.bucket

    @model_validator(mode="after")
    def _bucket_divides_length(self) -> Self:
        if self.length % self.bucket_ms or (self.bucket is None and self.length % BUCKETS_A_WINDOW):
            raise ValueError("`bucket` must divide `length` (without it, 12 buckets a window)")
        return self

    @model_validator(mode="after")
    def _segments_are_distinct(self) -> Self:
        if len(set(self.segments)) < len(self.segments):
            raise ValueError("`segments` names a feature twice")
        return self


class Monitor(Section):
    """What the monitor publishes, and how much it keeps."""

    running_every: Duration = 5_000
    """How often, by the clock, the figures of windows that are not final come, where they have changed."""
    windows_kept: Annotated[int, Field(ge=1)] = 100_000
    """Windows, each of a version, a role and a segment, that can be restated; the oldest are forgotten."""
    buckets_kept: Annotated[int, Field(ge=1)] = 20_000
    """Buckets of a version and a role that may wait for their labels; alarms do not hear of more."""
