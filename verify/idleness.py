"""When a partition of `features` or `labels` may have been left out of the watermark: its reader said so.

A reader that finds nothing new for `idle_after` notes in `internal.sources` how far it has read, and that the
partition is idle; nobody leaves it out without that, nor any longer than until the reader has read on. The
topic is compacted, so such a note may be gone. It has not been compacted while nothing is gone up to the
first progress of any partition: of each a second follows within `idle_after`, and compaction would have left
only that.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

from confluent_kafka import Message

from events.dead_letters import octets
from events.internal import SourceProgress
from events.topics import Topic

_Source = tuple[str, int]
"""`features` or `labels`, and a partition."""
_NOT_YET = 2**62


class Idleness:
    """The notes in `internal.sources`."""

    def __init__(self) -> None:
        self._notes: dict[_Source, list[int]] = {}
        """The offsets up to which it was read when it was idle."""
        self._ends: dict[_Source, dict[int, int]] = {}
        """Such an offset → the Kafka time of the reader's next word, when it had read on."""
        self.whole = False
        """Whether all notes are there."""

    def noting(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Pass `internal.sources` on, noting what it says."""
        heard = False
        for number, message in enumerate(messages):
            source, _, partition = (octets(message.key()) or b"").decode(errors="replace").partition("/")
            progress = SourceProgress.found(octets(message.value()) or b"") if partition.isdecimal() else None
            if progress is not None:
                self.whole = self.whole or (not heard and message.offset() == number)
                heard = True
                self._note((source, int(partition)), progress, message.timestamp()[1])
            yield message

    def _note(self, source: _Source, progress: SourceProgress, kafka_ts: int) -> None:
        notes, ends = self._notes.setdefault(source, []), self._ends.setdefault(source, {})
        if progress.idle:
            insort(notes, progress.next)
            ends[progress.next] = _NOT_YET
        for offset, end in ends.items():
            if end == _NOT_YET and offset < progress.next:
                ends[offset] = kafka_ts

    def ceased(self, topic: Topic, partition: int, after: int, up_to: int) -> int | None:
        """By when the partition had ceased to be idle between its records at `after` (or -1) and `up_to`.

        None if it was not idle there. It is what the notes say: only while they are `whole` that is all.
        """
        source = topic.name, partition
        notes = self._notes.get(source, [])
        last = bisect_right(notes, up_to) - 1
        return self._ends[source][notes[last]] if last >= 0 and notes[last] > after else None
