"""What `internal.sources` and `internal.tallies` say of finishes: which, and how far they are done."""

from collections.abc import Iterable, Mapping

from confluent_kafka import Message

from events.dead_letters import octets
from events.internal import FINISH_KEY, FINISHED_KEY, Finish, Finished, Standing, standing_key
from verify.cut import Cut
from verify.lateness import Ends


class Finishes:
    """The finishes of a stream, by their offset in `internal.sources`."""

    def __init__(self) -> None:
        self._found: dict[int, Finish] = {}
        self._named: set[int] = set()
        self._done: int | None = None

    def sources(self, messages: Iterable[Message], cut: Cut) -> None:
        """Take `internal.sources`, in order."""
        for message in messages:
            key, value, offset = octets(message.key()), octets(message.value()), message.offset() or 0
            if key == FINISH_KEY and (finish := Finish.found(value or b"")) is not None:
                self._found[offset] = finish
            elif key == FINISHED_KEY and (finished := Finished.found(value or b"")) is not None:
                self._named.add(finished.finish)
                if offset < cut.finished_below.get(0, 0):
                    self._done = finished.finish

    def tallies(self, messages: Iterable[Message]) -> None:
        """Take `internal.tallies`: a standing names the finish that was carried out."""
        prefix = standing_key(0)[:-1]
        for message in messages:
            if (octets(message.key()) or b"").startswith(prefix):
                standing = Standing.found(octets(message.value()) or b"")
                if standing is not None and standing.finish is not None:
                    self._named.add(standing.finish)

    @property
    def ends(self) -> list[Ends]:
        """The ends of every finish that is left."""
        return [Ends(finish.features, finish.labels) for _, finish in sorted(self._found.items())]

    @property
    def all_known(self) -> bool:
        """Whether compaction has left every finish that was carried out."""
        return self._named <= self._found.keys()

    @property
    def settled_below(self) -> Mapping[int, int]:
        """Partition of `features` → the offset below which `done` has settled everything."""
        return {} if self.done is None else self.done.features

    @property
    def done(self) -> Ends | None:
        """The finish that had been carried out before anything was read, None where there is none."""
        finish = None if self._done is None else self._found.get(self._done)
        return None if finish is None else Ends(finish.features, finish.labels)
