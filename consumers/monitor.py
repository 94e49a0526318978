"""The monitor's step: tallies → figures of windows, running and final; alarms, and what they ask for.

Its state is small, `models.monitor_book`, and is written to `internal.windows` in the same transaction as the
figures and the offset. Beside the offset stands a stamp that the state has, too: so a turn that was not
committed is found out, and a state that does not belong to the offset.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

import msgspec
from confluent_kafka import TopicPartition

from consumers.intake import HaltError, IntakeLostError
from consumers.turn import Batch, Received, Turn
from events import topics
from events.internal import FINISHED_KEY, MEASURING, STANDING_BY, Finished
from events.outputs import Message, Outputs
from events.records import Drift, Metric
from events.settings import Settings
from models.asking import Asked
from models.monitor_book import MonitorBook, News

_MOST_MISMATCHES = 5
"""In a row after which it is no other process that has measured on meanwhile."""

_log = logging.getLogger(__name__)

State = Callable[[], Mapping[bytes, bytes]]
"""Gives the newest record of each key in `internal.windows`, past all that was written when it is called."""


class Monitor:
    """Figures of one stream, whose join has `partitions`.

    `process` names this process among all others. `state` is asked when what is in memory is not what was
    committed. `detail` gets what it is doing, for a person.
    """

    def __init__(
        self, settings: Settings, partitions: int, process: str, state: State, detail: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._partitions = partitions
        self._state = state
        self._detail = detail
        self._book: MonitorBook | None = None
        self._next = 0
        self._running_at = 0
        self._mismatches = 0
        self._stamps = (f"{process} {turn}" for turn in count(1))
        self._topics = {topic: topic.of(settings.name) for topic in topics.ALL}
        self._tallies = self._topics[topics.TALLIES]

    def begin(self, committed: Sequence[TopicPartition]) -> None:
        """Know what was known at `committed`: from memory where that is it, else restored.

        Raises:
            IntakeLostError: the state that is there is not of the committed offset: another process has
                measured on between the two readings, and this one no longer has the tallies.
            HaltError: so it is again and again.
        """
        place = next((place for place in committed if place.topic == self._tallies), None)
        if place is None:
            self._book = None
            self._detail(STANDING_BY)
            return
        stamp = place.metadata or ""
        self._next = place.offset
        if self._book is None or self._book.stamp != stamp:
            self._book = self._restored(stamp)
        self._detail(MEASURING)

    def __call__(self, batch: Batch, now: int) -> Turn:
        """What `batch` changes, and at times the running figures."""
        if self._book is None:
            return Turn(Outputs())
        for message in batch.messages:
            self._take(self._book, message)
        running = now >= self._running_at
        if running:
            self._running_at = now + self._settings.monitor.running_every
        news = self._book.news(now, running=running)
        self._detail("; ".join(filter(None, (MEASURING, self._book.held_back))))
        if not (batch.messages or news.metrics or news.buckets or news.drifts):
            return Turn(Outputs())
        if any(news.lost):
            _log.warning(
                "more wait than [monitor] windows_kept or buckets_kept: %d windows and %d buckets were given "
                "up before they were final",
                *news.lost,
            )
        outputs = self._outputs(news, self._book.changes(next(self._stamps)))
        return Turn(outputs, {(self._tallies, 0): (self._next, self._book.stamp)})

    def _take(self, book: MonitorBook, message: Received) -> None:
        if message.topic() == self._topics[topics.MODELS]:
            book.follow(message.key() or b"", message.value() or b"")
            return
        try:
            book.take(message.key() or b"", message.value() or b"")
        except (ValueError, msgspec.DecodeError) as error:
            raise HaltError(
                f"{self._tallies}-0: the record at {message.offset()} is none of the joiner's ({error})"
            ) from None
        self._next = message.offset() + 1

    def _outputs(self, news: News, changes: list[Message]) -> Outputs:
        outputs = Outputs(many={self._topics[topics.WINDOWS]: changes})
        if news.metrics:
            outputs.many[self._topics[topics.METRICS]] = list(map(_record, news.metrics))
        for drift in news.drifts:
            _log.warning("%s", drift.message)
            self._ring(drift, outputs)
        for asked in news.asked:
            self._ask(asked, outputs)
        if news.finished is not None:
            finished = Finished(finish=news.finished)
            outputs.many[self._topics[topics.SOURCES]] = [{"key": FINISHED_KEY, "value": finished.encoded()}]
        return outputs

    def _ask(self, asked: Asked, outputs: Outputs) -> None:
        if asked.drift is not None:
            self._ring(asked.drift, outputs)
        if asked.decision is None:
            return
        _log.warning("%s: %s", asked.decision.action, asked.decision.reason)
        wanted: Message = {"key": asked.decision.decision_id.encode(), "value": asked.decision.encoded()}
        outputs.many.setdefault(self._topics[topics.CONTROL], []).append(wanted)

    def _ring(self, drift: Drift, outputs: Outputs) -> None:
        rung: Message = {"key": drift.detector.encode(), "value": drift.encoded()}
        outputs.many.setdefault(self._topics[topics.DRIFT], []).append(rung)

    def _restored(self, stamp: str) -> MonitorBook:
        self._detail(f"restoring from {self._topics[topics.WINDOWS]}")
        book = MonitorBook.restored(self._settings, self._partitions, self._state())
        if book.stamp == stamp:
            self._mismatches = 0
            return book
        self._mismatches += 1
        if self._mismatches < _MOST_MISMATCHES:
            raise IntakeLostError(f"the state is after {book.stamp or 'nothing'}, not {stamp or 'nothing'}")
        raise HaltError(
            f"{self._topics[topics.WINDOWS]} has the monitor's state after {book.stamp or 'nothing'}, "
            f"and the offset of {self._tallies} was committed after {stamp or 'nothing'}: one of them was "
            "changed by hand, and going on would count twice or leave out"
        )


def _record(metric: Metric) -> Message:
    return {"key": str(metric.model_version).encode(), "value": metric.encoded()}


def newest(records: Iterable[tuple[bytes | None, bytes | None]]) -> dict[bytes, bytes]:
    """The newest value of each key, those with a tombstone left out."""
    found: dict[bytes, bytes] = {}
    for key, value in records:
        if value is None:
            found.pop(key or b"", None)
        else:
            found[key or b""] = value
    return found
