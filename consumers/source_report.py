"""What a reader tells the joiners of the partitions that it reads: how far each is in event time.

The contract's watermark is made of these: the smallest, over every partition of `features` (as scored) and
`labels`, of the largest event time committed from it. So a report goes in the transaction that commits what
it speaks of, and a reader that is slow or down delays expiry and never causes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from events.internal import Source, SourceProgress, source_key
from events.outputs import Message


@dataclass(slots=True)
class _Known:
    next: int
    ts: int | None = None
    """The largest event time of records whose transaction has been committed."""
    newest: int | None = None
    """The same with those of the turn under way."""
    heard: int = 0
    at_end: bool = False
    idle: bool = False
    told: bool = False
    """Whether something has been said of it since reading began."""


class SourceReport:
    """The partitions of one source that this process reads.

    `idle_after` is how long, in milliseconds, a partition at its end stays in the watermark.
    """

    def __init__(self, source: Source, idle_after: int) -> None:
        self._source = source
        self._idle_after = idle_after
        self._known: dict[int, _Known] = {}

    def begin(self, partitions: Mapping[int, int]) -> None:
        """Reading starts anew: partition → next offset. Of the turn under way nothing counts."""
        before = {partition: known.ts for partition, known in self._known.items()}
        self._known = {
            partition: _Known(offset, before.get(partition), before.get(partition))
            for partition, offset in partitions.items()
        }

    def told(
        self, read: Mapping[int, int], newest: Mapping[int, int], ends: Mapping[int, int], now: int
    ) -> list[Message]:
        """The records to write, for partitions that were read, came to their end, or have become idle.

        `read` is partition → next offset, `newest` the largest event time in what was read, `ends` where a
        partition was read to its end.

        Being asked again without a `begin` means that the turn before was committed.
        """
        for known in self._known.values():
            known.ts = known.newest
        changed: set[int] = set()
        for partition, offset in read.items():
            known = self._known[partition]
            known.next, known.heard, known.at_end, known.idle = offset, now, False, False
            changed.add(partition)
        for partition, ts in newest.items():
            known = self._known[partition]
            known.newest = ts if known.newest is None else max(ts, known.newest)
        for partition, offset in ends.items():
            known = self._known[partition]
            if offset > known.next or not known.told:
                changed.add(partition)
            known.at_end, known.next = True, max(known.next, offset)
        changed |= {partition for partition, known in self._known.items() if self._fell_idle(known, now)}
        return [self._record(partition) for partition in sorted(changed)]

    def _fell_idle(self, known: _Known, now: int) -> bool:
        known.heard = known.heard or now
        if known.idle or not known.at_end or now - known.heard < self._idle_after:
            return False
        known.idle = True
        return True

    def _record(self, partition: int) -> Message:
        known = self._known[partition]
        known.told = True
        progress = SourceProgress(ts=known.newest, next=known.next, idle=known.idle)
        return {"key": source_key(self._source, partition), "value": progress.encoded()}
