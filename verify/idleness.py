"""When a partition of `features` or `labels` may have been left out of the watermark: its reader said so.

A reader that finds nothing new for `idle_after` notes in `internal.sources` how far it has read, and that the
partition is idle; nobody leaves it out without that. The topic is compacted, so such a note may be gone. It
has not been compacted while nothing is gone up to the first progress of any partition: of each a second
follows within `idle_after`, and compaction would have left only that.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

from confluent_kafka import Message

from events.dead_letters import octets
from events.internal import SourceProgress
from events.topics import Topic


class Idleness:
    """The notes in `internal.sources`."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, int], list[int]] = {}
        """By source and partition, the offsets up to which it was read when it was idle."""
        self._whole = False
        """Whether all notes are there."""

    def noting(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Pass `internal.sources` on, noting what it says."""
        heard = False
        for number, message in enumerate(messages):
            source, _, partition = (octets(message.key()) or b"").decode(errors="replace").partition("/")
            progress = SourceProgress.found(octets(message.value()) or b"") if partition.isdecimal() else None
            if progress is not None:
                self._whole = self._whole or (not heard and message.offset() == number)
                heard = True
                if progress.idle:
                    insort(self._notes.setdefault((source, int(partition)), []), progress.next)
            yield message

    def possible(self, topic: Topic, partition: int, after: int, up_to: int) -> bool:
        """Whether the partition may have been idle between its records at `after` (or -1) and `up_to`."""
        if not self._whole:
            return True
        notes = self._notes.get((topic.name, partition), [])
        first = bisect_right(notes, after)
        return first < len(notes) and notes[first] <= up_to
