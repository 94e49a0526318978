"""What retention may have taken: a record that may be gone is not judged by its absence.

Records go from a partition's beginning. So a record that is missing may have been there if it would be as old
as the oldest that is left, or older; what must be younger was there to be read. Ages are told by Kafka's
timestamps, which a producer may set up to an hour ahead (the broker's default), so an hour is allowed for.
"""

from collections.abc import Mapping

from confluent_kafka import Message

from events.topics import Topic
from verify.cut import Offsets

SLACK_MS = 3_600_000
NEVER = -(2**62)
ALWAYS = 2**62


class Retention:
    """The oldest records that were read, and where the topics begin."""

    def __init__(self) -> None:
        self._first: dict[tuple[Topic, int], int] = {}
        self._beginnings: Mapping[Topic, Offsets] = {}

    def saw(self, topic: Topic, message: Message) -> None:
        """A record was read; only a partition's first counts."""
        self._first.setdefault((topic, message.partition() or 0), message.timestamp()[1])

    def begins(self, beginnings: Mapping[Topic, Offsets]) -> None:
        """Where the topics begin, asked after they were read."""
        self._beginnings = beginnings

    def beginning(self, topic: Topic, partition: int) -> int:
        """The offset before which nothing can be checked."""
        return self._beginnings.get(topic, {}).get(partition, 0)

    def gone_until(self, topic: Topic, partition: int) -> int:
        """The Kafka time up to which records of this partition may be gone; `NEVER` when none is."""
        if not self.beginning(topic, partition):
            return NEVER
        first = self._first.get((topic, partition))
        return ALWAYS if first is None else first + SLACK_MS

    def anywhere_until(self, topic: Topic) -> int:
        """The same for a record that may be in any partition."""
        return max(
            (self.gone_until(topic, partition) for partition in self._beginnings.get(topic, {})),
            default=NEVER,
        )
