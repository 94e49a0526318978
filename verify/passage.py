"""How far a partition, and the stream, had come in event time before a record: see `verify.lateness`."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

CLOCKS_MS = 5_000
"""How far the clocks of the cluster's clients may be apart, and how long news may take."""

NOTHING_YET = -(2**63)


class Place(NamedTuple):
    """A record of `features` or `labels`: where it is, and what its partition had been before it."""

    partition: int
    offset: int
    before: int | None
    """The largest event time before it in its partition; None where the record is gone."""
    idle: int | None
    """The Kafka time by which its partition last ceased to be idle, up to this record; or `NOTHING_YET`."""


class Seen:
    """The largest event time of all records up to a Kafka time, to some seconds."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}

    def saw(self, ts: int, kafka_ts: int) -> None:
        """A valid record, of either topic."""
        slot = kafka_ts // CLOCKS_MS
        if ts > self._slots.get(slot, NOTHING_YET):
            self._slots[slot] = ts

    def curve(self, at_least: int = NOTHING_YET) -> "Curve":
        """What was seen; `at_least` is what records that are gone may have had."""
        slots = sorted(self._slots)
        largest = accumulate((self._slots[slot] for slot in slots), max, initial=at_least)
        return Curve(slots, list(largest))


class Curve:
    """Kafka time → the largest event time up to then, or somewhat later."""

    def __init__(self, slots: list[int], largest: list[int]) -> None:
        self._slots = slots
        self._largest = largest

    def at(self, kafka_ts: int) -> int:
        """At least the largest event time of what was there at `kafka_ts`, by any client's clock."""
        return self._largest[bisect_right(self._slots, (kafka_ts + CLOCKS_MS) // CLOCKS_MS)]


class Passage:
    """How far each partition of a topic had come before each of its records, which are told in order.

    `idle_after` is the stream's setting. `ceased` says by when a partition was no longer idle between two
    offsets, if it was; None in its place: nobody knows, and only the Kafka timestamps tell. `ahead` is how
    much later than its Kafka timestamp a record's event time can be: of a partition whose beginning is gone
    no more is known.
    """

    def __init__(
        self, idle_after: int, ahead: int, seen: Seen, ceased: Callable[[int, int, int], int | None] | None
    ) -> None:
        self._gap = idle_after // 2
        self._ahead = ahead
        self._seen = seen
        self._ceased = ceased
        self._largest: dict[int, int] = {}
        self._last: dict[int, tuple[int, int]] = {}
        """Partition → offset and Kafka time of its last record."""
        self._idle: dict[int, int] = {}

    def before(self, partition: int, offset: int, kafka_ts: int) -> tuple[int, int]:
        """`Place.before` and `Place.idle` of the next record."""
        if partition not in self._last:
            self._largest[partition] = kafka_ts + self._ahead if offset else NOTHING_YET
            self._idle[partition] = NOTHING_YET
        last, then = self._last.get(partition, (-1, NOTHING_YET))
        if self._ceased is None:
            ceased = kafka_ts if kafka_ts - then >= self._gap else None
        else:
            ceased = self._ceased(partition, last, offset)
        if ceased is not None:
            self._idle[partition] = max(kafka_ts, ceased)
        self._last[partition] = offset, kafka_ts
        return self._largest[partition], self._idle[partition]

    def valid(self, partition: int, ts: int, kafka_ts: int) -> None:
        """That record was valid and had this event time."""
        self._largest[partition] = max(self._largest[partition], ts)
        self._seen.saw(ts, kafka_ts)
