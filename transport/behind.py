"""How many records a reader has not read: the offsets between count transactions' own marks, too."""

from collections import Counter
from collections.abc import Mapping

from confluent_kafka import TopicPartition

from events.settings import Kafka
from transport.reading import patient, read_up_to
from transport.tail import glancing

FEW = 200
"""Offsets that are looked at one by one; over a wider gap the marks do not matter."""


def behind(kafka: Kafka, topic: str, gaps: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """Partition → the committed records of `topic` in its gap `[next, end)`.

    A reader that has read all still stands before the mark of the last transaction, so a small gap is read
    and counted. A gap of more than `FEW` offsets is given as it is.

    Raises:
        ScoreloopError: the topic cannot be read.
    """
    small = {partition: gap for partition, gap in gaps.items() if 0 < gap[1] - gap[0] <= FEW}
    found = {partition: max(0, end - start) for partition, (start, end) in gaps.items()}
    return found | (_counted(kafka, topic, small) if small else {})


def _counted(kafka: Kafka, topic: str, gaps: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    counts = Counter(dict.fromkeys(gaps, 0))
    consumer = glancing(kafka)
    try:
        consumer.assign([TopicPartition(topic, partition, start) for partition, (start, _) in gaps.items()])
        unread = {partition: end for partition, (_, end) in gaps.items()}
        for message in read_up_to(consumer, topic, unread, patient):
            counts[message.partition() or 0] += 1
    finally:
        consumer.close()
    return dict(counts)
