"""The joiner's step on topics in memory, with the watermark that a live one hears of beside its loop."""

from collections.abc import Sequence

from confluent_kafka import TopicPartition

from backtest.history import Record
from backtest.memory import Memory
from consumers.join.horizon import Horizon
from consumers.join.joiner import Joiner
from consumers.join.sources import Sources
from consumers.turn import Batch
from events import topics
from events.settings import Settings

ANSWERS = (topics.PREDICTIONS, topics.SHADOWS, topics.JOINING)


class Joins:
    """Joins what has been written to `memory`."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._name, self._topics = settings.name, memory
        self._events, self._both = Sources({"features": 1}), Sources({"features": 1, "labels": 1})
        self._labelled = False
        self._horizon: Horizon | None = None
        self._joiner = Joiner(settings, lambda: self._horizon, lambda *_: None)
        self._joiner.begin([TopicPartition(topic.of(self._name), 0, 0) for topic in topics.JOINED])

    def turn(self, labels: Sequence[Record], now: int) -> None:
        """Labels have come, and the answers to some events."""
        self._labelled |= bool(labels)
        self._topics.write(self._joiner(Batch(labels), now).outputs, now)
        self._hear()
        self._topics.write(self._joiner(Batch(self._topics.read(*ANSWERS)), now).outputs, now)

    def _hear(self) -> None:
        """The watermark. While no label has come at all `labels` is idle, and left out of it."""
        for record in self._topics.read(topics.SOURCES):
            for sources in (self._events, self._both):
                sources.take(record.key(), record.value(), record.offset())
        watermark = (self._both if self._labelled else self._events).watermark({})
        number = 1 if self._horizon is None else self._horizon.number + 1
        ends = {(topic.of(self._name), 0): 0 for topic in (*ANSWERS, topics.OUTCOMES)}
        self._horizon = Horizon(number, watermark, None, ends)  # nothing is under way that had to be read
