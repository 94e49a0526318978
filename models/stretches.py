"""The champions' windows, held until nothing more comes into them: what is looked at without labels.

A window is over when every partition of the join has read past its end, or a finish was carried out by all;
it need not wait for labels, as a final window does. Windows are handed on in order of time, each once; those
with too few events are handed on together, as one stretch. What comes later is left out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from events.json_reading import INT64_MAX, INT64_MIN
from events.monitor_state import STRETCH_PREFIX
from models.merging import merged, merged_by_cell
from models.tallies import Cell, Tally, decoded, encoded
from models.window_book import Sums, end
from models.windows import window


class Stretch(NamedTuple):
    """One version's answers in a range of event time: their number and histograms."""

    from_ts: int
    to_ts: int
    tally: Tally


class Stretches:
    """Windows of `length` milliseconds, handed on by `rows` events at least.

    At most `most` windows of a version are held; past that the oldest are given up.
    """

    def __init__(self, length: int, rows: int, most: int) -> None:
        self.seen_before = INT64_MIN
        """Windows that start before have been handed on, or given up."""
        self._length, self._rows, self._most = length, rows, most
        self._held: dict[int, dict[Cell, Tally]] = {}
        """By start."""
        self._closed: set[int] = set()
        """Starts of those that a finish has closed."""
        self._changed: dict[Cell, None] = {}

    def add(self, buckets: Iterable[Sums]) -> None:
        """Add deltas of buckets."""
        ours = (
            (
                window(cell, self._length),
                Tally(predictions=d.predictions, features=d.features, scores=d.scores),
            )
            for cell, d in buckets
            if cell.role == "champion" and cell.segment is None and d.predictions
        )
        for cell, delta in merged_by_cell(ours).items():
            if cell.from_ts >= self.seen_before:
                held = self._held.setdefault(cell.from_ts, {})
                held[cell] = merged(held[cell], delta) if cell in held else delta
                self._changed[cell] = None
                self._closed.discard(cell.from_ts)
        while sum(map(len, self._held.values())) > self._most:
            self._drop([min(self._held)])

    def close(self) -> None:
        """A finish was carried out by all: nothing more comes into the windows that are there."""
        for start in self._held.keys() - self._closed:
            self._closed.add(start)
            self._changed |= dict.fromkeys(self._held[start])

    def over(self, version: int, watermark: int | None) -> Iterator[Stretch]:
        """The stretches of `version` that are over; what other versions answered meanwhile is given up."""
        starts: list[int] = []
        tallies: list[Tally] = []
        for start in sorted(self._held):
            if not self._is_over(start, watermark):
                break
            starts.append(start)
            tallies += [tally for cell, tally in self._held[start].items() if cell.model_version == version]
            if sum(tally.predictions for tally in tallies) >= self._rows:
                yield Stretch(starts[0], end(start, self._length), merged(*tallies))
                self._drop(starts)
                starts, tallies = [], []
        if not tallies:
            self._drop(starts)

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """What has changed since the last call, as records; of what is not held any more a tombstone."""
        for cell in self._changed:
            tally = self._held.get(cell.from_ts, {}).get(cell)
            yield (
                STRETCH_PREFIX + msgspec.json.encode(cell),
                None
                if tally is None
                else msgspec.msgpack.encode((cell.from_ts in self._closed, encoded(cell, tally))),
            )
        self._changed.clear()

    def restore(self, value: bytes) -> None:
        """Take up what a record says."""
        closed, sums = _decoder.decode(value)
        cell, tally = decoded(sums)
        self._held.setdefault(cell.from_ts, {})[cell] = tally
        if closed:
            self._closed.add(cell.from_ts)

    def _is_over(self, start: int, watermark: int | None) -> bool:
        return start in self._closed or (watermark is not None and end(start, self._length) <= watermark)

    def _drop(self, starts: Iterable[int]) -> None:
        for start in starts:
            self._changed |= dict.fromkeys(self._held.pop(start))
            self._closed.discard(start)
            self.seen_before = max(self.seen_before, min(end(start, self._length), INT64_MAX))


_decoder = msgspec.msgpack.Decoder(tuple[bool, bytes])
