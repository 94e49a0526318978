"""The buckets that alarms are to look at: held until they are final, then handed on in order of time.

A bucket is final by the same rule as a window. All buckets that start at one time are handed on together, and
none before an earlier one: so what alarms see depends neither on the order of reading nor on how soon labels
come, and one number, `spoken_before`, remembers which have been handed on. What comes into one of these later
is a restatement, which alarms ignore.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

import msgspec

from events.json_reading import INT64_MAX, INT64_MIN
from events.monitor_state import BUCKET_PREFIX
from models.merging import merged, merged_by_cell
from models.tallies import Cell, Tally, decoded, encoded
from models.window_book import Sums, complete, end, in_time


class BucketBook:
    """The buckets of `length` milliseconds that are not final; at most `most` cells of them.

    Past that the oldest are given up, and alarms do not hear of them. Only cells without a segment are held.
    """

    def __init__(self, length: int, most: int) -> None:
        self.spoken_before = INT64_MIN
        self._length = length
        self._most = most
        self._held: dict[int, dict[Cell, Tally]] = {}
        """By start."""
        self._starts: list[int] = []
        """A heap of them."""
        self._closed: set[int] = set()
        """Starts of those that a finish has closed."""
        self._changed: dict[Cell, None] = {}

    @property
    def newest(self) -> int:
        """Where the newest bucket starts that is held; without one, where those end that were handed on."""
        return max(self._held, default=self.spoken_before)

    def add(self, buckets: Iterable[Sums]) -> None:
        """Add deltas."""
        spoken_of = ((c, d) for c, d in buckets if c.segment is None and c.from_ts >= self.spoken_before)
        for cell, delta in merged_by_cell(spoken_of).items():
            held = self._opened(cell.from_ts)
            held[cell] = merged(held[cell], delta) if cell in held else delta
            self._changed[cell] = None
            if delta.predictions:
                self._closed.discard(cell.from_ts)

    def close(self) -> None:
        """A finish was carried out by all: nothing more comes into the buckets that are there."""
        for start in self._held.keys() - self._closed:
            self._closed.add(start)
            self._changed |= dict.fromkeys(self._held[start])

    def finals(self, watermark: int | None) -> list[Sums]:
        """The buckets that are final and before which none waits; they are not held any more."""
        finals: list[Sums] = []
        while self._starts and self._is_final(self._starts[0], watermark):
            finals += self._given_up().items()
        return sorted(finals, key=lambda sums: in_time(sums[0]))

    def waiting(self) -> Iterator[Sums]:
        """Those that are held, in order of time."""
        for start in sorted(self._held):
            yield from self._held[start].items()

    def forget(self) -> int:
        """Keep within bounds; how many were given up."""
        over = sum(map(len, self._held.values())) - self._most
        lost = 0
        while lost < over:
            lost += len(self._given_up())
        return lost

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """What has changed since the last call, as records; of what is not held any more a tombstone."""
        for cell in self._changed:
            tally = self._held.get(cell.from_ts, {}).get(cell)
            closed = cell.from_ts in self._closed
            yield (
                BUCKET_PREFIX + msgspec.json.encode(cell),
                None if tally is None else msgspec.msgpack.encode((closed, encoded(cell, tally))),
            )
        self._changed.clear()

    def restore(self, value: bytes) -> None:
        """Take up what a record says."""
        closed, sums = _decoder.decode(value)
        cell, tally = decoded(sums)
        self._opened(cell.from_ts)[cell] = tally
        if closed:
            self._closed.add(cell.from_ts)

    def _opened(self, start: int) -> dict[Cell, Tally]:
        if start not in self._held:
            self._held[start] = {}
            heappush(self._starts, start)
        return self._held[start]

    def _is_final(self, start: int, watermark: int | None) -> bool:
        passed = watermark is not None and end(start, self._length) <= watermark
        return (passed or start in self._closed) and all(map(complete, self._held[start].values()))

    def _given_up(self) -> dict[Cell, Tally]:
        """The oldest, which are held no more."""
        start = heappop(self._starts)
        self._closed.discard(start)
        self.spoken_before = min(end(start, self._length), INT64_MAX)
        held = self._held.pop(start)
        self._changed |= dict.fromkeys(held)
        return held


_decoder = msgspec.msgpack.Decoder(tuple[bool, bytes])
