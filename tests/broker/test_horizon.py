"""The joiner's horizon on a real Kafka: it comes though the sources never pause."""

from pathlib import Path
from threading import Event, Thread

import pytest
from streams import CLASSES, Stream, until

from consumers.join.horizon import HorizonFollower
from events import topics
from events.internal import SourceProgress
from events.outputs import Outputs
from events.settings import Kafka
from transport.transaction import TransactionalProducer

BEGIN = 1_700_000_000_000
SOURCES = 3


@pytest.fixture
def stream(kafka: Kafka, tmp_path: Path) -> Stream:
    """A stream whose features and labels have one partition each."""
    return Stream(kafka, tmp_path, CLASSES, partitions=1)


def report(stream: Stream, number: int, stop: Event) -> None:
    """Say without pause how far both topics have come, as scorers and joiners under load do."""
    producer = TransactionalProducer(stream.settings.kafka, f"{stream.settings.name}.{number}")
    said = 0
    while not stop.is_set():
        said += 1
        progress = SourceProgress(ts=BEGIN + said, next=said, idle=False).encoded()
        messages = [{"key": key, "value": progress} for key in (b"features/0", b"labels/0")]
        producer.commit(Outputs(many={stream.topic(topics.SOURCES): messages}))  # type: ignore[dict-item]
    producer.close()


def test_a_watermark_comes_though_its_sources_never_pause(stream: Stream) -> None:
    stop = Event()
    busy = [Thread(target=report, args=(stream, number, stop)) for number in range(SOURCES)]
    for thread in busy:
        thread.start()
    follower = HorizonFollower(stream.settings, Event())
    try:
        until(lambda: len(stream.read(topics.SOURCES)) > 100 or None, "the sources to be under way")
        follower.start()
        first = until(lambda: follower.horizon, "a horizon")
        assert first.watermark is not None
        until(
            lambda: (follower.horizon is not None and follower.horizon.number > first.number) or None,
            "another",
        )
    finally:
        stop.set()
        follower.close()
        for thread in busy:
            thread.join()
    follower.check()
