"""The intake on a real Kafka: whose a record is when its partition moves while it is gathered."""

from pathlib import Path
from threading import Thread

import pytest
from streams import CLASSES, Stream, until

from consumers.intake import Intake
from consumers.turn import Batch
from events import topics
from events.settings import Kafka

WAIT_SECONDS = 3


@pytest.fixture
def stream(kafka: Kafka, tmp_path: Path) -> Stream:
    """Gathers for seconds, and hears of a rebalance well within them."""
    body = f'scoring.batch_wait = "{WAIT_SECONDS}s"\nkafka.heartbeat.interval.ms = 300\n'
    return Stream(kafka, tmp_path, body + CLASSES)


def begun(intake: Intake) -> Batch:
    """The first batch after a rebalance."""
    return until(lambda: batch if (batch := intake.gather()).began else None, "partitions")  # type: ignore[no-any-return]


def test_what_was_gathered_across_a_rebalance_is_left_to_its_owner(stream: Stream) -> None:
    group = topics.group(stream.settings.name, topics.SCORER)
    older = Intake(stream.settings, [topics.FEATURES], group, "a")
    assert len(begun(older).began or ()) == 3
    stream.send(stream.event(i) for i in range(60))
    gathered: list[Batch] = []
    gathering = Thread(target=lambda: gathered.append(older.gather()))
    gathering.start()
    newer = Intake(stream.settings, [topics.FEATURES], group, "b")
    try:
        theirs = begun(newer).began or ()
        gathering.join(60)
        assert gathered[0].messages == (), "records that were gathered before their partition moved"
        assert gathered[0].began is not None
        ours = gathered[0].began
        assert sorted(place.partition for place in (*ours, *theirs)) == [0, 1, 2]
        places: list[tuple[int | None, int | None]] = []

        def read_on() -> bool:
            for intake in (older, newer):
                places.extend((message.partition(), message.offset()) for message in intake.gather().messages)
            return len(places) >= 60

        until(read_on, "the 60 records")
        assert len(set(places)) == len(places) == 60, "each is read again, by one of both"
    finally:
        older.close()
        newer.close()
