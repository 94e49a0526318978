"""The windows that the monitor holds: their sums, which are final, and what of them has been said.

A window is final when every prediction in it is matched or expired, and it is closed: every partition of the
join has read past its end, or a finish was carried out by all of them. A prediction that comes into it later
opens it again: then it is running, and final once more when it is complete.

    nothing ──▶ running ──▶ final       what was said of the sums as they are; a change leads back to nothing

Windows are held so that they can be restated, but not for ever: past `most` the oldest final ones are
forgotten first, and of those that are not final the oldest when nothing else is left. Nothing is said of a
forgotten window any more, whatever comes into it: its figures would leave out what was forgotten.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from heapq import heappop, heappush, nsmallest

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.json_reading import INT64_MAX, INT64_MIN
from events.monitor_state import WINDOW_PREFIX
from models.merging import merged
from models.tallies import Cell, Tally, decoded, encoded
from models.windows import windows

Sums = tuple[Cell, Tally]

_EMPTY = Tally()


class Said(IntEnum):
    """What was published of a window's sums as they are."""

    NOTHING = 0
    RUNNING = 1
    FINAL = 2


class _Held(Struct):
    tally: Tally
    closed: bool = False
    """By a finish."""
    said: Said = Said.NOTHING


class WindowBook:
    """The windows of `length` milliseconds; at most `most` cells of them stay."""

    def __init__(self, length: int, most: int) -> None:
        self.forgotten_before = INT64_MIN
        self._length = length
        self._most = most
        self._held: dict[Cell, _Held] = {}
        self._ends: list[tuple[int, int, Cell]] = []
        """A heap of windows that the watermark has not passed, by end; the middle is no tie."""
        self._silent: dict[Cell, None] = {}
        """Of whose sums nothing was said."""
        self._changed: dict[Cell, None] = {}
        """Since `changes` was called."""
        self._numbers = 0

    def add(self, buckets: Iterable[Sums]) -> None:
        """Add deltas of buckets."""
        figured = ((cell, _figured(delta)) for cell, delta in buckets)
        for cell, delta in windows(figured, self._length).items():
            held = self._held.get(cell)
            if delta == _EMPTY or (held is None and cell.from_ts < self.forgotten_before):
                continue
            if held is None:
                held = self._hold(cell, _Held(delta))
            else:
                held.tally = merged(held.tally, delta)
                held.closed = held.closed and not delta.predictions
            held.said = Said.NOTHING
            self._silent[cell] = self._changed[cell] = None

    def close(self) -> None:
        """A finish was carried out by all: nothing more comes into the windows that are there."""
        for cell, held in self._held.items():
            if held.said is not Said.FINAL and not held.closed:
                held.closed = True
                self._changed[cell] = None

    def finals(self, watermark: int | None) -> list[Sums]:
        """The windows that have become final, in order of time; the join has read up to `watermark`."""
        passed = watermark if watermark is not None else INT64_MIN
        candidates = dict.fromkeys(self._changed)
        while self._ends and self._ends[0][0] <= passed:
            candidates[heappop(self._ends)[-1]] = None
        finals = [cell for cell in candidates if self._is_final(cell, passed)]
        return list(self._tell(finals, Said.FINAL))

    def running(self) -> list[Sums]:
        """The other windows that have changed since something was said of them, in order of time."""
        return list(self._tell(self._silent, Said.RUNNING))

    def forget(self) -> int:
        """Keep within bounds; how many were forgotten without having been final.

        A hundredth more than must be goes at once, since to look for the oldest takes a while.
        """
        over = len(self._held) - self._most
        if over <= 0:
            return 0
        oldest = nsmallest(over + self._most // 100, self._held, key=self._worth)
        lost = sum(self._held[cell].said is not Said.FINAL for cell in oldest)
        for cell in oldest:
            del self._held[cell]
            self._silent.pop(cell, None)
            self._changed[cell] = None
            self.forgotten_before = max(self.forgotten_before, min(cell.from_ts + 1, INT64_MAX))
        return lost

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """What has changed since the last call, as records; of what was forgotten a tombstone."""
        for cell in self._changed:
            held = self._held.get(cell)
            yield WINDOW_PREFIX + msgspec.json.encode(cell), None if held is None else _written(cell, held)
        self._changed.clear()

    def restore(self, value: bytes) -> None:
        """Take up what a record says."""
        closed, said, sums = _decoder.decode(value)
        cell, tally = decoded(sums)
        self._hold(cell, _Held(tally, closed, said))
        if said is Said.NOTHING:
            self._silent[cell] = None

    def _hold(self, cell: Cell, held: _Held) -> _Held:
        self._held[cell] = held
        self._numbers += 1
        heappush(self._ends, (end(cell.from_ts, self._length), self._numbers, cell))
        return held

    def _is_final(self, cell: Cell, passed: int) -> bool:
        held = self._held.get(cell)
        if held is None or held.said is Said.FINAL or not complete(held.tally):
            return False
        return held.closed or end(cell.from_ts, self._length) <= passed

    def _tell(self, cells: Iterable[Cell], said: Said) -> Iterator[Sums]:
        for cell in sorted(cells, key=in_time):
            held = self._held[cell]
            held.said = said
            self._silent.pop(cell, None)
            self._changed[cell] = None
            yield cell, held.tally

    def _worth(self, cell: Cell) -> tuple[bool, int]:
        return self._held[cell].said is not Said.FINAL, cell.from_ts


_decoder = msgspec.msgpack.Decoder(tuple[bool, Said, bytes])


def _written(cell: Cell, held: _Held) -> bytes:
    return msgspec.msgpack.encode((held.closed, held.said, encoded(cell, held.tally)))


def _figured(tally: Tally) -> Tally:
    """What figures are made of."""
    figured = tally.without_histograms()
    return replace(figured, pairs={}, losses={}) if figured.pairs or figured.losses else figured


def complete(tally: Tally) -> bool:
    """Whether nothing waits."""
    return tally.predictions == tally.matched + tally.expired


def end(from_ts: int, length: int) -> int:
    """Where a range of `length` ends that starts at `from_ts`; the first of all is cut off at its start."""
    return from_ts - from_ts % length + length


def in_time(cell: Cell) -> tuple[int, int, str, str]:
    """Sorts cells by time, then by whom they speak of."""
    return cell.from_ts, cell.model_version, cell.role, repr(cell.segment)
