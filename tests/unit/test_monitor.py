"""The monitor's step without a broker: what it writes with which offset, and when it restores."""

import json
from itertools import count
from typing import Any

import joins
import pytest
from confluent_kafka import TopicPartition
from samples import Record, settings

from consumers.intake import HaltError, IntakeLostError
from consumers.monitor import Monitor, newest
from consumers.turn import Batch, Turn
from events.internal import MEASURING, STANDING_BY
from events.records import Metric
from models import exact
from models.tallies import Tally

TALLIES, WINDOWS = "payments.internal.tallies", "payments.internal.windows"
METRICS, SOURCES = "payments.metrics", "payments.internal.sources"
SETTINGS = settings(windows={"length": "30ms", "bucket": "10ms"}, monitor={"running_every": "5s"})
SETTLED = Tally(predictions=1, matched=1, loss=exact.ONE, confusion={(0, 1): 1})
NOW = 1_700_000_000_000


class Log:
    """Plays the topics: what is committed, with its offset and the note beside it."""

    def __init__(self) -> None:
        self.committed: list[tuple[bytes | None, bytes | None]] = []
        self.offset, self.note = 0, ""
        self.metrics: list[Metric] = []
        self.finished: list[int] = []
        self.restores = 0
        self._offsets = count()

    def monitor(self, process: str = "host:1") -> Monitor:
        self.said: list[str] = []
        return Monitor(SETTINGS, 1, process, self._state, self.said.append)

    def _state(self) -> dict[bytes, bytes]:
        self.restores += 1
        return newest(self.committed)

    def begin(self, monitor: Monitor) -> None:
        monitor.begin([TopicPartition(TALLIES, 0, self.offset, self.note)])

    def batch(self, *records: joins.Record) -> Batch:
        return Batch([Record(v, at=next(self._offsets), name=k, of=TALLIES) for k, v in records])

    def commit(self, turn: Turn) -> None:
        written: dict[str, Any] = turn.outputs.many
        self.committed += [(m["key"], m["value"]) for m in written.get(WINDOWS, [])]
        self.metrics += [Metric.model_validate_json(m["value"]) for m in written.get(METRICS, [])]
        self.finished += [json.loads(m["value"])["finish"] for m in written.get(SOURCES, [])]
        if turn.notes:
            [(place, (self.offset, self.note))] = turn.notes.items()
            assert place == (TALLIES, 0)


@pytest.fixture
def log() -> Log:
    return Log()


def begun(log: Log) -> Monitor:
    monitor = log.monitor()
    log.begin(monitor)
    return monitor


def test_a_turn_writes_figures_state_and_offset_together(log: Log) -> None:
    monitor = begun(log)
    turn = monitor(log.batch(joins.cell(0, SETTLED), joins.stands(0, 30, finish=4)), NOW)
    assert set(turn.outputs.many) == {METRICS, WINDOWS, SOURCES}
    assert turn.outputs.many[METRICS][0]["key"] == b"1"
    assert turn.outputs.many[SOURCES] == [{"key": b"finished", "value": b'{"finish":4}'}]
    assert turn.notes == {(TALLIES, 0): (2, "host:1 1")}
    log.commit(turn)
    assert [(metric.final, metric.error) for metric in log.metrics] == [(True, 1)]
    assert len(monitor(Batch(), NOW + 60_000).outputs) == 0, "nothing has changed"
    assert monitor(Batch(), NOW + 60_000).notes == {}


def test_running_figures_come_by_the_clock_and_move_no_offset(log: Log) -> None:
    monitor = begun(log)
    log.commit(monitor(log.batch(joins.cell(0, Tally(predictions=2))), NOW))
    log.commit(monitor(log.batch(joins.cell(0, SETTLED)), NOW + 4_999))
    assert [(metric.final, metric.predictions) for metric in log.metrics] == [(False, 2)]
    log.commit(monitor(Batch(), NOW + 5_000))
    assert [(metric.final, metric.predictions) for metric in log.metrics[1:]] == [(False, 3)]
    assert (log.offset, log.note) == (2, "host:1 3")


def test_a_turn_that_was_aborted_is_done_again(log: Log) -> None:
    monitor = begun(log)
    log.commit(monitor(log.batch(joins.cell(0, SETTLED)), NOW))
    aborted = log.batch(joins.cell(0, SETTLED), joins.stands(0, 30))
    monitor(aborted, NOW)
    log.begin(monitor)
    assert log.restores == 2
    log.commit(monitor(aborted, NOW))
    assert [(m.final, m.predictions) for m in log.metrics if m.final] == [(True, 2)]


def test_what_is_in_memory_is_kept_where_it_is_what_was_committed(log: Log) -> None:
    monitor = begun(log)
    log.commit(monitor(log.batch(joins.cell(0, SETTLED)), NOW))
    log.begin(monitor)
    assert log.restores == 1
    log.commit(monitor(log.batch(joins.stands(0, 30)), NOW))
    assert [m.predictions for m in log.metrics if m.final] == [1]


def test_another_process_goes_on_where_the_first_was(log: Log) -> None:
    first = begun(log)
    log.commit(first(log.batch(joins.cell(0, SETTLED), joins.stands(0, 0, finish=3)), NOW))
    second = log.monitor("host:2")
    log.begin(second)
    log.commit(second(log.batch(joins.stands(0, 0, finish=3), joins.cell(30, SETTLED)), NOW))
    log.commit(second(log.batch(joins.stands(0, 60, finish=3)), NOW))
    assert [(m.from_ts, m.final) for m in log.metrics if m.final] == [(0, True), (30, True)]
    assert log.finished == [3]
    log.begin(first)
    assert log.restores == 3, "the first has heard nothing of it"


def test_who_has_no_partition_stands_by(log: Log) -> None:
    monitor = log.monitor()
    monitor.begin([])
    assert log.said == [STANDING_BY]
    assert len(monitor(Batch(), NOW).outputs) == 0
    log.begin(monitor)
    assert log.said[1:] == [f"restoring from {WINDOWS}", MEASURING]
    monitor.begin([])
    log.begin(monitor)
    assert log.restores == 2, "what happened in between is not known"


def halted(log: Log, sentence: str) -> None:
    """A monitor that begins anew again and again halts at last."""
    monitor = log.monitor()
    for _ in range(4):
        with pytest.raises(IntakeLostError, match="the state is after"):
            log.begin(monitor)
    with pytest.raises(HaltError, match=sentence):
        log.begin(monitor)


def test_a_state_that_never_belongs_to_the_offset_halts(log: Log) -> None:
    log.commit(begun(log)(log.batch(joins.cell(0, SETTLED)), NOW))
    log.note = ""
    halted(log, "committed after nothing: one of them was changed by hand")
    log.note, log.committed = "host:1 1", []
    halted(log, "has the monitor's state after nothing")


def test_who_has_lost_the_tallies_to_another_that_measures_on_begins_anew(log: Log) -> None:
    first, second = log.monitor(), log.monitor("host:2")
    log.begin(second)
    before = log.note
    log.commit(second(log.batch(joins.cell(0, SETTLED)), NOW))
    log.note, after = before, log.note
    with pytest.raises(IntakeLostError, match="the state is after host:2 1, not nothing"):
        log.begin(first)
    log.note = after
    log.begin(first)
    assert log.said[-1] == MEASURING


@pytest.mark.parametrize(
    "record", [(b"cell", b"{}"), (b"cell", b""), (b"labels", b"no"), (b"joiner/0", b'{"partition": -1}')]
)
def test_a_record_that_is_none_of_the_joiners_halts(log: Log, record: joins.Record) -> None:
    with pytest.raises(HaltError, match=r"internal.tallies-0: the record at 0 is none of the joiner's"):
        begun(log)(log.batch(record), NOW)


def test_a_key_of_a_newer_version_is_passed_over(log: Log) -> None:
    log.commit(begun(log)(log.batch((b"unheard-of", b"")), NOW))
    assert log.offset == 1


def test_the_newest_of_each_key_counts() -> None:
    records = [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"c", None)]
    assert newest(records) == {b"a": b"2"}


def test_what_had_to_be_given_up_is_said(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    tight = settings(windows={"length": "30ms", "bucket": "10ms"}, monitor={"windows_kept": 1})
    monitor = Monitor(tight, 1, "host:1", dict, lambda _: None)
    log.begin(monitor)
    monitor(log.batch(*(joins.cell(start, Tally(predictions=1)) for start in (0, 30))), NOW)
    assert "1 windows and 0 buckets were given up" in caplog.text
