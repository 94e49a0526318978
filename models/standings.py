"""Where each partition of the join stands, and so how far all of them are."""

from collections.abc import Iterator

from events.internal import Standing, standing_key
from events.monitor_state import Waiting


class Standings:
    """The newest standing of each of the `partitions` of the join.

    Until every partition has one, nothing is known of all. What is known never goes back: a partition that is
    restored may say for a moment that it has come less far.
    """

    def __init__(self, partitions: int) -> None:
        self._newest: dict[int, Standing | None] = dict.fromkeys(range(partitions))
        self._changed: set[int] = set()

    @property
    def watermark(self) -> int | None:
        """All that was scored or labelled up to this event time has been read by the join."""
        return _smallest([None if known is None else known.watermark for known in self._newest.values()])

    @property
    def finish(self) -> int | None:
        """The newest finish that every partition has carried out."""
        return _smallest([None if known is None else known.finish for known in self._newest.values()])

    @property
    def waiting(self) -> Waiting:
        """What waits in all partitions together."""
        known = [standing for standing in self._newest.values() if standing is not None]
        return Waiting(
            predictions=sum(standing.waiting_predictions for standing in known),
            shadows=sum(standing.waiting_shadows for standing in known),
            labels=sum(standing.waiting_labels for standing in known),
        )

    def take(self, standing: Standing) -> None:
        """A partition says where it stands now."""
        before = self._newest.get(standing.partition)
        if before is not None:
            furthest = {
                "watermark": _later(before.watermark, standing.watermark),
                "finish": _later(before.finish, standing.finish),
            }
            standing = standing.model_copy(update=furthest)
        self._newest[standing.partition] = standing
        self._changed.add(standing.partition)

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """What has changed since the last call, as records."""
        for partition in sorted(self._changed):
            if (standing := self._newest[partition]) is not None:
                yield standing_key(partition), standing.encoded()
        self._changed.clear()


def _later(before: int | None, now: int | None) -> int | None:
    return max((value for value in (before, now) if value is not None), default=None)


def _smallest(all_of: list[int | None]) -> int | None:
    """The smallest, None where one is not known."""
    known = [value for value in all_of if value is not None]
    return min(known) if len(known) == len(all_of) else None
