"""The entries of one partition, by id and by due time: the newest in memory, the others in the attic."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import islice

from consumers.join.attic import Attic
from consumers.join.entry import NEVER, Entry

_STALE = 2
"""The queue is made anew when it is so many times longer than there are entries."""
_SPARE = 1_000
_AT_ONCE = 1_000


class Shelf:
    """At most about `most` entries are held in memory; `horizon` is the stream's, in milliseconds.

    The queue has each entry in memory at a time not after it is due. Most come due later and later, so they
    are looked at when that time has come, and not each time that they change.
    """

    def __init__(self, horizon: int, most: int) -> None:
        self._horizon = horizon
        self._most = most
        self._entries: dict[str, Entry] = {}
        self._queue: list[tuple[int, str]] = []
        self._attic = Attic()
        self._absent: set[str] = set()
        """Event_ids that the attic was asked for since the last `trim`: what it had of them is in memory."""

    def __len__(self) -> int:
        return len(self._entries) + self._attic.count

    def fetch(self, event_ids: Iterable[str]) -> None:
        """Bring down from the attic what will be asked for next: one question for all."""
        if self._attic.count:
            wanted = {e for e in event_ids if e not in self._entries} - self._absent
            self._absent |= wanted
            self._bring(self._attic.take(wanted))

    def get(self, event_id: str) -> Entry | None:
        """What is known of an event."""
        entry = self._entries.get(event_id)
        if entry is None and self._attic.count and event_id not in self._absent:
            self._bring(self._attic.take([event_id]))
            entry = self._entries.get(event_id)
        return entry

    def put(self, event_id: str, entry: Entry) -> None:
        """Keep an entry that is new or has changed; one that is empty goes."""
        if entry.empty:
            self._entries.pop(event_id, None)
            return
        self._entries[event_id] = entry
        due = entry.due(self._horizon)
        if due < entry.queued:
            entry.queued = due
            heappush(self._queue, (due, event_id))

    def due(self, before: int) -> Iterator[tuple[str, Entry]]:
        """Entries that are due before the watermark `before`; each has to be `put` again."""
        while True:
            while self._queue and self._queue[0][0] < before:
                time, event_id = heappop(self._queue)
                entry = self._entries.get(event_id)
                if entry is None or entry.queued != time:
                    continue  # it stands elsewhere in the queue, or nowhere
                entry.queued = NEVER
                if entry.due(self._horizon) < before:
                    yield event_id, entry
                else:
                    self.put(event_id, entry)
            if not (found := self._attic.take_due(before, _AT_ONCE)):
                return
            self._bring(found)

    def event_ids(self) -> Iterator[str]:
        """The event_ids that are known now; entries may change while this goes on."""
        yield from list(self._entries)
        yield from self._attic.event_ids()

    def trim(self) -> None:
        """Put the oldest entries into the attic when there are too many."""
        self._absent = set()
        if (over := len(self._entries) - self._most) > 0:
            oldest = list(islice(self._entries.items(), over + self._most // 10))
            self._attic.put((event_id, entry.due(self._horizon), entry) for event_id, entry in oldest)
            for event_id, _ in oldest:
                del self._entries[event_id]
        if len(self._queue) > _STALE * len(self._entries) + _SPARE:
            self._queue = [(entry.queued, event_id) for event_id, entry in self._entries.items()]
            heapify(self._queue)

    def close(self) -> None:
        """Forget everything."""
        self._attic.close()

    def _bring(self, found: list[tuple[str, Entry]]) -> None:
        for event_id, entry in found:
            entry.queued = NEVER
            self.put(event_id, entry)
