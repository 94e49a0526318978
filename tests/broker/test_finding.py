"""Records of one key among many, on a real Kafka."""

import time
from pathlib import Path

from streams import PATIENCE_SECONDS, Stream

from events import topics
from events.settings import Kafka
from transport import clients
from transport.finding import first_since, newest_of, place_of
from transport.partitioner import partition_of

MANY, AGAIN = 20_000, 40
"""Records, the last so many of which have the keys of those before them."""
SPAN = 4_096
"""Offsets that are read first."""


def nothing(_offsets: int) -> None:
    pass


def test_the_newest_of_a_key_is_found_in_its_partition_wherever_it_lies(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    topic, producer = stream.topic(topics.FEATURES), clients.producer(kafka)
    for i in range(MANY):
        producer.produce(topic, b"%d" % i, b"k-%d" % (i if i < MANY - AGAIN else i - AGAIN))
        producer.poll(0)
    assert producer.flush(PATIENCE_SECONDS) == 0
    written = stream.read(topics.FEATURES)
    keys = [message.key() or b"" for message in written]
    assert [message.partition() for message in written] == [partition_of(key, 3) for key in keys]
    newest = dict(zip(keys, written, strict=True))
    place = place_of(kafka, topic, b"k-17")
    at = {message.offset(): message for message in written if message.partition() == place.partition}
    edges = [at[place.end - SPAN + i].key() for i in (-1, 0, 1)]
    for key in (b"k-17", *edges, *(b"k-%d" % (MANY - AGAIN - 1 - i) for i in range(3))):
        told: list[int] = []
        place = place_of(kafka, topic, key or b"")
        found = newest_of(place, key or b"", told.append)
        assert found is not None
        assert (found.value(), found.offset()) == (newest[key or b""].value(), newest[key or b""].offset())
        assert (max(told) < SPAN) == (place.end - (found.offset() or 0) <= SPAN), "no more than has to be"
    assert newest_of(place_of(kafka, topic, b"k-none"), b"k-none", nothing) is None


def test_the_first_since_a_moment_is_found(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, partitions=1)
    topic, key = stream.topic(topics.FEATURES), b"k"
    now = int(time.time() * 1000)
    producer = clients.producer(kafka)
    for i in range(300):
        producer.produce(topic, b"%d" % i, key, timestamp=now - 300_000 + i * 1_000)
    assert producer.flush(PATIENCE_SECONDS) == 0
    place = place_of(kafka, topic, key)

    def first(ts: int, least: int) -> bytes | None:
        found = first_since(place, ts, lambda message: int(message.value() or b"") >= least, nothing)
        return None if found is None else found.value()

    assert first(now - 200_000, 0) == b"100"
    assert first(now - 200_000, 150) == b"150"
    assert first(0, 0) == b"0"
    assert first(now, 0) is None
    assert first(0, 300) is None
