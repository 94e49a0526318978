"""The monitor on a real Kafka: figures exactly once, whatever is killed, and who stands by."""

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import Any

import joins
import pytest
from streams import CLASSES, Stream, until

from consumers.loop import ReplacedError
from consumers.monitor_service import run_monitor
from consumers.presence import Presence
from events import topics
from events.errors import ScoreloopError
from events.internal import MEASURING, STANDING_BY, Process
from events.records import Metric
from events.settings import Kafka
from models import exact
from models.tallies import Tally
from transport.transaction import TransactionalProducer

WINDOW, BUCKET = 60_000, 5_000
BODY = 'windows = { length = "1m", bucket = "5s" }\nmonitor.running_every = "200ms"\n' + CLASSES
PARTITIONS = 3


class Joins:
    """Plays the joiner on `stream`: one transaction after another."""

    def __init__(self, stream: Stream) -> None:
        self._topic = stream.topic(topics.TALLIES)
        self._producer = TransactionalProducer(stream.settings.kafka, f"{stream.settings.name}.played")

    def __call__(self, *records: joins.Record) -> None:
        self._producer.commit(joins.transaction(self._topic, records))

    def stand(self, watermark: int | None, finish: int | None = None) -> None:
        self(*(joins.stands(partition, watermark, finish) for partition in range(PARTITIONS)))


@pytest.fixture
def stream(kafka: Kafka, tmp_path: Path) -> Stream:
    return Stream(kafka, tmp_path, BODY)


def metrics(stream: Stream) -> list[Metric]:
    return [Metric.model_validate_json(message.value() or b"") for message in stream.read(topics.METRICS)]


def processes(stream: Stream) -> dict[str, Process]:
    """The newest record of each slot; one with a tombstone is left out."""
    found: dict[str, Process] = {}
    for message in stream.read(topics.SERVICES):
        slot = str((message.key() or b"").decode())
        found.pop(slot, None)
        if (record := Process.found(message.value() or b"")) is not None:
            found[slot] = record
    return found


def finished(stream: Stream) -> list[int]:
    return [json.loads(m.value() or b"")["finish"] for m in stream.read(topics.SOURCES)]


def test_windows_run_close_and_are_restated(stream: Stream) -> None:
    join = Joins(stream)
    with stream.service(run_monitor, 0) as failures:
        join(joins.cell(0, Tally(predictions=3)), joins.cell(5_000, Tally(predictions=1)))
        first = until(lambda: metrics(stream) or None, "a running figure")[0]
        assert (first.final, first.predictions, first.labelled, first.to_ts) == (False, 4, 0, WINDOW)
        join(joins.cell(0, Tally(matched=3, loss=exact.ONE, confusion={(0, 0): 2, (0, 1): 1})))
        join.stand(WINDOW)
        join(joins.cell(5_000, Tally(expired=1)))
        final = until(lambda: [m for m in metrics(stream) if m.final] or None, "a final figure")[0]
        assert (final.labelled, final.expired, final.coverage, final.error) == (3, 1, 0.75, 1 / 3)
        join(joins.cell(0, Tally(predictions=1)))
        until(lambda: True if metrics(stream)[-1].predictions == 5 else None, "the restatement")
        assert not metrics(stream)[-1].final
        join(joins.cell(0, Tally(expired=1)))
        until(lambda: True if metrics(stream)[-1].final else None, "the restatement's end")
        join.stand(WINDOW, finish=11)
        until(lambda: finished(stream) or None, "the finish")
    assert failures == []
    assert [m.predictions for m in metrics(stream) if m.final] == [4, 5]
    assert {message.key() for message in stream.read(topics.METRICS)} == {b"1"}
    assert processes(stream) == {}, "a clean stop leaves a tombstone"
    with stream.service(run_monitor, 0) as failures:
        join(joins.cell(WINDOW, Tally(predictions=1, expired=1)))
        join.stand(2 * WINDOW, finish=20)
        until(lambda: True if finished(stream)[-1] == 20 else None, "the second finish")
    assert failures == []
    assert [m.from_ts for m in metrics(stream) if m.final] == [0, 0, WINDOW]
    assert finished(stream) == [11, 20]


class Feeding(Thread):
    """A joiner under way: windows of ten predictions each until it is `enough`, and then a finish."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(daemon=True)
        self.windows = 0
        self.enough = Event()
        self._join = Joins(stream)
        self._pause = Event()

    def run(self) -> None:
        for records in self._transactions(random.Random(5)):
            self._join(*records)
            self._pause.wait(0.01)

    def _transactions(self, chance: random.Random) -> Iterator[list[joins.Record]]:
        while not self.enough.is_set():
            start = self.windows * WINDOW
            self.windows += 1
            for _ in range(10):
                bucket = start + chance.randrange(0, WINDOW, BUCKET)
                yield [joins.cell(bucket, Tally(predictions=1)), joins.labels(read=1)]
                yield [joins.cell(bucket, Tally(matched=1, confusion={(0, 0): 1})), joins.labels(matched=1)]
            yield [joins.stands(partition, start + WINDOW) for partition in range(PARTITIONS)]
        yield [joins.stands(partition, None, 99) for partition in range(PARTITIONS)]


def test_another_takes_over_when_the_active_one_is_killed(stream: Stream) -> None:
    feeding = Feeding(stream)
    with ExitStack() as stack:

        def start(slot: int) -> "Popen[str]":
            arguments = ("monitor", stream.path.name, "--slot", str(slot))
            return stack.enter_context(stream.command(*arguments))

        running = {0: start(0), 1: start(1)}
        feeding.start()
        for _ in range(3):
            active, other = await_settled(stream)
            seen = len(metrics(stream))
            until(lambda seen=seen: True if len(metrics(stream)) > seen + 3 else None, "figures")
            running[active].kill()
            running[active].wait()
            until(lambda other=other: True if details(stream)[other] == MEASURING else None, "the takeover")
            running[active] = start(active)
        feeding.enough.set()
        until(lambda: finished(stream) or None, "the finish")
        await_settled(stream)  # one that has only just begun does not listen to signals yet
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        assert [process.wait(timeout=30) for process in running.values()] == [0, 0]
    found = metrics(stream)
    finals = [metric for metric in found if metric.final]
    assert Counter(m.from_ts for m in finals) == {w * WINDOW: 1 for w in range(feeding.windows)}
    assert {(m.predictions, m.labelled, m.error) for m in finals} == {(10, 10, 0)}
    assert [m.from_ts for m in finals] == sorted(m.from_ts for m in finals)
    records = [metric.model_dump_json() for metric in found]
    assert len(records) == len(set(records)), "no figure was said twice"
    assert finished(stream) == [99]
    assert totals(stream)["labels"]["matched"] == 10 * feeding.windows


def details(stream: Stream) -> list[str | None]:
    """What each of two slots is doing."""
    known = processes(stream)
    return [known[name].detail if name in known else None for name in ("monitor-0", "monitor-1")]


def await_settled(stream: Stream) -> tuple[int, int]:
    """The slot that measures, and the one that stands by."""

    def settled() -> tuple[int, int] | None:
        found = details(stream)
        measures = found.index(MEASURING) if MEASURING in found else None
        return (measures, 1 - measures) if measures is not None and STANDING_BY in found else None

    active, other = until(settled, "one to measure and one to stand by")
    return active, other


def totals(stream: Stream) -> dict[str, Any]:
    values = [m.value() for m in stream.read(topics.WINDOWS) if m.key() == b"totals"]
    return dict(json.loads(values[-1] or b""))


def test_the_older_of_two_processes_in_a_slot_ends(stream: Stream) -> None:
    join = Joins(stream)
    with stream.service(run_monitor, 0) as older:
        join(joins.cell(0, Tally(predictions=1)))
        until(lambda: metrics(stream) or None, "a figure")
        with stream.service(run_monitor, 0) as newer:
            [failure] = until(lambda: older or None, "the older one's end")
            assert isinstance(failure, ReplacedError)
            join(joins.cell(0, Tally(matched=1, confusion={(0, 0): 1})))
            join.stand(WINDOW)
            until(lambda: True if metrics(stream)[-1].final else None, "the newer one's figure")
            assert newer == []
            assert "monitor-0" in processes(stream), "the older one says nothing more of the slot"


def test_a_presence_reports_and_its_last_word_is_its_error(stream: Stream) -> None:
    stop = Event()
    presence = Presence(stream.settings, topics.JOINER, 3, stop)
    assert processes(stream)["joiner-3"].process == presence.process
    presence.start()
    presence.detail = "restoring partition 2: 1,200,000 records"
    until(lambda: processes(stream)["joiner-3"].detail, "the detail")
    presence.close(ScoreloopError("the disk is full"))
    assert processes(stream)["joiner-3"].error == "the disk is full"
    assert not stop.is_set()


def test_a_presence_knows_who_began_after_it(stream: Stream) -> None:
    stop = Event()
    older, other, newer = (Presence(stream.settings, topics.JOINER, slot, stop) for slot in (0, 1, 0))
    assert older.successor() == newer.process
    assert newer.successor() is other.successor() is None
    older.close(ReplacedError("by the newer one"))
    assert processes(stream)["joiner-0"].process == newer.process
    newer.close()
    other.close()
    assert processes(stream) == {}


def test_what_fails_beside_the_loop_stops_it(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Event()
    presence = Presence(stream.settings, topics.MONITOR, 0, stop)

    def broken() -> Process:
        raise OSError("no memory")

    monkeypatch.setattr(presence, "_record", broken)
    presence.detail = "at work"
    presence.run()
    assert stop.is_set()
    with pytest.raises(OSError, match="no memory"):
        presence.check()
