"""What was being written when reading began is waited for."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from confluent_kafka import Message, Producer, TopicPartition
from confluent_kafka.admin import NewTopic
from streams import PATIENCE_SECONDS, until

from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients, written
from transport.reading import read_to_end
from transport.tail import last
from transport.written import read_written


def new_topic(kafka: Kafka, partitions: int = 1) -> str:
    name = f"t-{uuid.uuid4().hex[:10]}"
    client = clients.reached(kafka)
    client.create_topics([NewTopic(name, num_partitions=partitions)])[name].result(30)
    until(lambda: client.list_topics(timeout=5).topics.get(name), "the topic")
    return name


def append(producer: Producer, topic: str, *values: str, partition: int = 0) -> None:
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(PATIENCE_SECONDS) == 0


@contextmanager
def opened(kafka: Kafka, topic: str, *values: str, identity: str = "") -> Iterator[Producer]:
    """A transaction that has written `values` and has not ended."""
    producer = clients.producer(kafka, transactional_id=identity or f"{topic}-writer")
    producer.init_transactions(PATIENCE_SECONDS)
    producer.begin_transaction()
    append(producer, topic, *values)
    yield producer


def values(messages: Iterator[Message]) -> list[bytes | None]:
    return [message.value() for message in messages]


class Reading(Thread):
    """`read_written` in a thread, with what it says."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        super().__init__(daemon=True)
        self.said: list[str] = []
        self.found: list[bytes | None] = []
        self._messages = read_written(kafka, topic, say=self.said.append)

    def run(self) -> None:
        self.found = values(self._messages)


@pytest.mark.parametrize("commits", [True, False])
def test_an_open_transaction_is_waited_for(kafka: Kafka, commits: bool) -> None:  # noqa: FBT001 (pytest's)
    topic = new_topic(kafka)
    plain = clients.producer(kafka)
    append(plain, topic, "before")
    with opened(kafka, topic, "open") as writer:
        append(plain, topic, "behind it")
        assert values(read_to_end(kafka, topic)) == [b"before"]
        reading = Reading(kafka, topic)
        append(plain, topic, "after the call")
        reading.start()
        until(lambda: reading.said or None, "a line about the wait")
        assert reading.is_alive()
        assert topic in reading.said[0]
        if commits:
            writer.commit_transaction()
        else:
            writer.abort_transaction()
    reading.join(PATIENCE_SECONDS)
    assert reading.found == [b"before", *([b"open"] if commits else []), b"behind it"]


def test_a_successor_of_the_same_id_ends_the_wait(kafka: Kafka) -> None:
    topic = new_topic(kafka)
    with opened(kafka, topic, "of a killed process", identity=f"{topic}-slot"):
        reading = Reading(kafka, topic)
        reading.start()
        until(lambda: reading.said or None, "a line about the wait")
        successor = clients.producer(kafka, transactional_id=f"{topic}-slot")
        successor.init_transactions(PATIENCE_SECONDS)
        reading.join(PATIENCE_SECONDS)
        assert not reading.is_alive()
        assert reading.found == []


def test_each_partition_is_read_from_its_start(kafka: Kafka) -> None:
    topic = new_topic(kafka, partitions=3)
    plain = clients.producer(kafka)
    for partition in range(3):
        append(plain, topic, *(f"{partition}-{i}" for i in range(1_000)), partition=partition)
    found = values(read_written(kafka, topic, {0: 998, 1: 0}))
    assert sorted(v for v in found if v is not None and v.startswith(b"0")) == [b"0-998", b"0-999"]
    assert [v for v in found if v is not None and v.startswith(b"1")] == [b"1-%d" % i for i in range(1_000)]
    assert len(found) == 1_002
    assert values(read_written(kafka, topic, {2: 1_000})) == []
    assert values(read_written(kafka, topic, {})) == []
    assert len(values(read_written(kafka, topic))) == 3_000


def test_a_start_whose_records_were_deleted_means_the_beginning(kafka: Kafka) -> None:
    topic = new_topic(kafka)
    append(clients.producer(kafka), topic, *map(str, range(10)))
    client = clients.reached(kafka)
    client.delete_records([TopicPartition(topic, 0, 7)])[TopicPartition(topic, 0)].result(30)
    assert values(read_written(kafka, topic, {0: 3})) == [b"7", b"8", b"9"]


def test_a_transaction_that_stays_open_has_a_sentence(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "_OPEN_SECONDS", 0.5)
    topic = new_topic(kafka)
    began = time.monotonic()
    with (
        opened(kafka, topic, "open"),
        pytest.raises(ScoreloopError, match=f"{topic}: a transaction has been"),
    ):
        values(read_written(kafka, topic))
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_a_topic_that_is_not_there(kafka: Kafka) -> None:
    with pytest.raises(ScoreloopError, match="there is no topic no-such-topic"):
        read_written(kafka, "no-such-topic")


def test_an_end_is_reached_however_much_is_written_meanwhile(kafka: Kafka) -> None:
    topic = new_topic(kafka)
    stop, plain = Event(), clients.producer(kafka)

    def write() -> None:
        while not stop.is_set():
            append(plain, topic, *map(str, range(100)))

    writing = Thread(target=write, daemon=True)
    writing.start()
    try:
        until(lambda: values(read_to_end(kafka, topic)) or None, "records")
        assert values(read_written(kafka, topic))[:2] == [b"0", b"1"]
    finally:
        stop.set()
        writing.join(PATIENCE_SECONDS)
    assert len(values(read_to_end(kafka, topic))) == len(values(read_written(kafka, topic)))


@pytest.mark.parametrize("behind", [0, 3, 40, 2_000])
def test_the_newest_of_a_key_is_found_from_the_end(kafka: Kafka, behind: int) -> None:
    topic = new_topic(kafka)
    plain = clients.producer(kafka)
    assert last(kafka, topic, b"totals") is None
    for value in ("old", "new"):
        plain.produce(topic, value, b"totals")
    append(plain, topic, *map(str, range(behind)))
    with opened(kafka, topic, "open"):
        found = last(kafka, topic, b"totals")
        assert found is not None
        assert found.value == b"new"
        assert last(kafka, topic, b"other") is None
