"""Topics in memory, each with one partition and one reader: what steps write is there to be read at once."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from backtest.history import Record
from events.outputs import Outputs
from events.topics import Topic


class Memory:
    """The topics of `stream` that somebody reads; what is written to others is let go."""

    def __init__(self, stream: str, *read: Topic) -> None:
        self._unread: dict[str, list[Record]] = {topic.of(stream): [] for topic in read}
        self._ends: Counter[str] = Counter()
        self._stream = stream

    def write(self, outputs: Outputs, now: int) -> None:
        """Append what a step wants written."""
        many = ((topic, m["key"], m["value"]) for topic, messages in outputs.many.items() for m in messages)
        single = ((output.topic, output.key, output.value) for output in outputs.single)
        for topic, key, value in chain(many, single):
            if topic in self._unread:
                self._unread[topic].append(Record(topic, self._ends[topic], now, key, value))
                self._ends[topic] += 1

    def read(self, *topics: Topic) -> list[Record]:
        """What has come since it was last read."""
        return list(chain.from_iterable(self._taken(topic.of(self._stream)) for topic in topics))

    def _taken(self, topic: str) -> Iterator[Record]:
        records, self._unread[topic] = self._unread[topic], []
        yield from records
