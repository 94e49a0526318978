"""The loop's answers to named failures. Fakes for the order of calls; the promises are tested on Kafka."""

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from samples import Record

from consumers import loop
from consumers.intake import HaltError, IntakeLostError
from consumers.loop import Progress, ReplacedError, TransactionLoop
from consumers.turn import Batch, Turn
from events.errors import ScoreloopError
from events.outputs import Outputs
from transport.clients import UnreachableError
from transport.transaction import ProducerFencedError, ProducerLostError, TransactionAbortedError


class Log:
    """Plays a broker: a log of records, committed offsets, and failures to come."""

    def __init__(self, records: int, failures: Sequence[Exception] = ()) -> None:
        self.records = [Record(str(i).encode(), at=i) for i in range(records)]
        self.committed = 0
        self.visible: list[bytes] = []
        self.failures = list(failures)
        self.calls: list[str] = []
        self.stop = Event()


class Producer:
    def __init__(self, log: Log) -> None:
        self.log = log
        log.calls.append("producer")

    def commit(self, outputs: Outputs, offsets: Sequence[Any] = (), _group: object = None) -> None:
        if self.log.failures:
            failure = self.log.failures.pop(0)
            if not isinstance(failure, CommittedAfterAllError):
                raise failure
            self._visible(outputs, offsets)
            raise failure
        self._visible(outputs, offsets)

    def _visible(self, outputs: Outputs, offsets: Sequence[Any]) -> None:
        self.log.visible += [message["value"] or b"" for message in outputs.many["out"]]
        self.log.committed = offsets[0].offset

    def close(self) -> None:
        self.log.calls.append("producer closed")


class Intake:
    def __init__(self, log: Log) -> None:
        self.log = log
        self.position = log.committed
        self.joining = 2
        """Turns until it has its partitions."""
        log.calls.append("intake")

    def gather(self) -> Batch:
        if self.joining:
            self.joining -= 1
            began = [TopicPartition("in", 0, self.position)]
            return Batch() if self.joining else Batch(began=began)
        records: Any = self.log.records[self.position : self.position + 3]
        self.position += len(records)
        if not records:
            self.log.stop.set()
        return Batch(records)

    def rewind(self) -> list[TopicPartition]:
        self.log.calls.append("rewind")
        self.position = self.log.committed
        return [TopicPartition("in", 0, self.position)]

    def group_metadata(self) -> None:
        return None

    def close(self) -> None:
        self.log.calls.append("intake closed")


class CommittedAfterAllError(ProducerLostError):
    """The commit went through, and its answer was lost."""


class Copy:
    def __init__(self, log: Log) -> None:
        self.log = log

    def begin(self, committed: Sequence[TopicPartition]) -> None:
        self.log.calls.append(f"begin {committed[0].offset}")

    def __call__(self, batch: Batch, now: int) -> Turn:
        assert now > 0
        told = [call for call in self.log.calls if call == "intake" or call.startswith("begin")]
        assert told[-1] != "intake", "clients were built anew, and where they begin was not said yet"
        written: Any = [{"key": None, "value": message.value()} for message in batch.messages]
        return Turn(Outputs(many={"out": written} if written else {}))


def nobody() -> str | None:
    return None


def run(log: Log, successor: Callable[[], str | None] = nobody, intake: type[Intake] = Intake) -> Progress:
    progress = Progress()
    TransactionLoop(
        Copy(log),
        lambda: Producer(log),  # type: ignore[arg-type,return-value]
        lambda: intake(log),  # type: ignore[arg-type,return-value]
        successor,
        progress,
    ).run(log.stop)
    return progress


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_FIRST_PAUSE_SECONDS", 0.0)


def once_each(log: Log) -> bool:
    return log.visible == [record.data for record in log.records]


def test_each_record_is_written_once_with_its_offset() -> None:
    log = Log(10)
    progress = run(log)
    assert once_each(log)
    assert (progress.read, progress.written, progress.offsets) == (10, 10, {"0": 10})
    assert log.calls == ["producer", "intake", "begin 0", "intake closed", "producer closed"]


def test_an_abort_rewinds_and_goes_on_with_the_same_clients() -> None:
    log = Log(10, [TransactionAbortedError("first"), TransactionAbortedError("again")])
    progress = run(log)
    assert once_each(log)
    assert progress.aborts == 2
    assert log.calls.count("rewind") == log.calls.count("begin 0") - 1 == 2
    assert log.calls.count("producer") == 1


@pytest.mark.parametrize(
    "failure",
    [
        ProducerLostError("lost"),
        ProducerFencedError("a stall"),
        CommittedAfterAllError("indefinite"),
        IntakeLostError("x"),
    ],
)
def test_an_indefinite_end_builds_both_clients_anew(
    failure: Exception,
) -> None:
    log = Log(10, [failure])
    progress = run(log)
    assert once_each(log)
    assert progress.rebuilds == 1
    assert [call for call in log.calls if not call.startswith("begin")][:6] == [
        "producer", "intake", "intake closed", "producer closed", "producer", "intake",
    ]  # fmt: skip


@pytest.mark.parametrize("failure", [ProducerFencedError("epoch"), IntakeLostError("instance id")])
def test_a_process_whose_slot_has_a_newer_one_ends(failure: Exception) -> None:
    log = Log(10, [failure])
    with pytest.raises(ReplacedError, match=r"a newer process \(host:2\) has taken this slot over"):
        run(log, lambda: "host:2")
    assert log.calls[-1] == "producer closed"


def test_a_process_waits_for_a_broker_that_does_not_answer() -> None:
    def away() -> str | None:
        raise UnreachableError("no Kafka broker answers")

    log = Log(10, [ProducerLostError("broker down"), UnreachableError("no Kafka broker answers")])
    progress = run(log, away)
    assert once_each(log)
    assert progress.rebuilds == 2


def test_what_can_never_be_written_ends_with_a_sentence() -> None:
    log = Log(3, [TransactionAbortedError("too large")] * 50)
    with pytest.raises(ScoreloopError, match="could not be written 20 times in a row: too large"):
        run(log)
    assert log.visible == []


def test_a_halt_is_final() -> None:
    class Gone(Intake):
        def gather(self) -> Batch:
            raise HaltError("records were deleted")

    log = Log(3)
    with pytest.raises(HaltError):
        run(log, intake=Gone)
    assert log.calls[-2:] == ["intake closed", "producer closed"]


def test_an_empty_turn_may_write_and_commits_what_the_step_noted() -> None:
    class Quiet(Copy):
        def __call__(self, batch: Batch, now: int) -> Turn:
            assert now > 0
            if batch.messages:
                return Turn(Outputs(), {("payments.features", 0): (2, "a note")})
            return Turn(Outputs(many={"out": [{"key": None, "value": b"idle"}]}))

    offsets: list[TopicPartition] = []

    class Noting(Producer):
        def commit(self, outputs: Outputs, given: Sequence[Any] = (), _group: object = None) -> None:
            offsets.extend(given)
            self.log.visible += [message["value"] for message in outputs.many.get("out", [])]

    log = Log(2)
    TransactionLoop(
        Quiet(log),
        lambda: Noting(log),  # type: ignore[arg-type,return-value]
        lambda: Intake(log),  # type: ignore[arg-type,return-value]
        lambda: None,
        Progress(),
    ).run(log.stop)
    assert [(o.topic, o.partition, o.offset, o.metadata) for o in offsets] == [
        ("payments.features", 0, 2, "a note")
    ]
    assert log.visible == [b"idle", b"idle"]
