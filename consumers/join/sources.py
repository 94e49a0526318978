"""How far every source has come in event time, and so the watermark. Pure."""

from collections.abc import Mapping

from events.internal import FINISH_KEY, Finish, SourceProgress

Source = tuple[str, int]
"""`features` or `labels`, and a partition."""


class Sources:
    """What `internal.sources` says; `partitions` is how many each of `features` and `labels` has."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self.finish: tuple[int, Finish] | None = None
        """The newest finish with its offset."""
        self._all = [(topic, p) for topic, count in sorted(partitions.items()) for p in range(count)]
        self._newest: dict[Source, SourceProgress] = {}
        self._times: dict[Source, int] = {}

    def take(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        """Note one record."""
        if key == FINISH_KEY:
            if (finish := Finish.found(value or b"")) is not None:
                self.finish = offset, finish
            return
        topic, _, partition = (key or b"").decode(errors="replace").partition("/")
        progress = SourceProgress.found(value or b"")
        if progress is None or not partition.isdecimal():
            return
        source = topic, int(partition)
        self._newest[source] = progress
        if progress.ts is not None:
            self._times[source] = max(progress.ts, self._times.get(source, progress.ts))

    def resting(self) -> dict[Source, int]:
        """The sources whose reader says that they are idle, with where they were read to."""
        return {source: progress.next for source, progress in self._newest.items() if progress.idle}

    def watermark(self, ends: Mapping[Source, int]) -> int | None:
        """The smallest, over the sources that are not idle, of the largest event time committed.

        `ends` are the ends of the `resting` sources now: with something behind where its reader stands, a
        source is not idle. None while a source is not heard of, or all are idle.
        """
        idle = {source for source, at in self.resting().items() if ends.get(source, at + 1) <= at}
        times = [self._times.get(source) for source in self._all if source not in idle]
        known = [time for time in times if time is not None]
        return min(known) if known and len(known) == len(times) else None

    def reached(self, finish: Finish) -> bool:
        """Whether everything that was sent before `finish` has been read and committed."""
        wanted = {("features", p): end for p, end in finish.features.items()}
        wanted |= {("labels", p): end for p, end in finish.labels.items()}
        return all(end <= self._next(source) for source, end in wanted.items())

    def _next(self, source: Source) -> int:
        progress = self._newest.get(source)
        return 0 if progress is None else progress.next
