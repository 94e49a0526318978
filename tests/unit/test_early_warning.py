"""The warning on labels that have come so far: before the alarm, once, and nothing more than a warning."""

import joins
import msgspec
import pytest
from samples import settings

from events.monitor_state import TENURE_KEY
from events.records import RUNNING_ERROR, Drift, Manifest, Roles
from events.settings import Settings
from events.topics import ROLES_KEY, version_key
from models import exact
from models.asking import Asked
from models.e_sr import ESR
from models.monitor_book import MonitorBook
from models.tallies import Tally
from models.tenure import Tenure

BUCKET, EVENTS, SOON = 10, 40, 20
"""Of the labels of a bucket half come soon, and the others `LATE` buckets later."""
LATE = 15
WINDOWS = {"length": "30ms", "bucket": f"{BUCKET}ms"}
STREAM = settings(windows=WINDOWS, drift={"early": True}, decisions={"challenge_from": 0})


def part(wrong: int, *, predicted: bool) -> Tally:
    return Tally(predictions=EVENTS * predicted, matched=SOON, loss=wrong * exact.ONE)


class Monitor:
    """A book to which buckets come, one a turn, restored before each where `restarts`."""

    def __init__(self, stream: Settings = STREAM, *, restarts: bool = False) -> None:
        self.stream, self.restarts = stream, restarts
        self.book = MonitorBook(stream, 1)
        self.state: dict[bytes, bytes] = {}
        self.wrong: list[int] = []
        self.behind = 0
        self.warned: list[tuple[int, Drift]] = []
        self.asked: list[tuple[int, Asked]] = []
        self.champion(1)

    def champion(self, number: int) -> None:
        made = Manifest(
            version=number, created_ts=0, artifact_sha256="0" * 64, format="skops", estimator="linear",
            schema_sha256="0" * 64, trained_on={}, params={}, parent_version=None, decision_id="d",
            metrics={"rows": 500, "loss_sum": 50}, environment={},
        )  # fmt: skip
        self.book.follow(version_key(number), made.encoded())
        self.book.follow(ROLES_KEY, Roles(epoch=number, ts=0, champion=number, decision_id="d").encoded())

    def buckets(self, *wrong: int, version: int = 1, running: bool = True, later: float = 1) -> None:
        """The next buckets with so many errors among the labels that come soon, and `later` times as many."""
        for one in wrong:
            turn = len(self.wrong)
            self.wrong.append(one)
            self.book.take(*joins.cell(turn * BUCKET, part(one, predicted=True), version=version))
            if (before := turn - LATE) >= 0:
                late = part(int(self.wrong[before] * later), predicted=False)
                self.book.take(*joins.cell(before * BUCKET, late, version=version))
            self.book.take(*joins.stands(0, (turn + 1) * BUCKET - self.behind))
            news = self.book.news(99, running=running)
            self.warned += [(turn, drift) for drift in news.drifts]
            self.asked += [(turn, asked) for asked in news.asked]
            written = self.book.changes(f"turn {turn}")
            self.state |= {message["key"] or b"": message["value"] or b"" for message in written}
            if self.restarts:
                kept = {key: value for key, value in self.state.items() if value}
                self.book = MonitorBook.restored(self.stream, 1, kept)


@pytest.mark.parametrize("restarts", [False, True])
def test_it_comes_before_the_alarm_once_and_asks_for_nothing(restarts: bool) -> None:  # noqa: FBT001 (a case)
    monitor = Monitor(restarts=restarts)
    monitor.buckets(*[2] * 40, *[8] * 40)
    [(warned, drift)], [(rang, alarm), *_] = monitor.warned, monitor.asked
    assert alarm.drift is not None
    assert 40 <= warned < 40 + LATE <= rang
    assert (drift.kind, drift.detector, drift.alarm) == ("error", RUNNING_ERROR, False)
    assert (drift.from_ts, drift.change_ts, drift.to_ts) == (400, 400, (warned + 1) * BUCKET)
    assert alarm.drift.change_ts == 400
    assert drift.guarantee.startswith("none: ")
    labels = (warned - 39) * SOON
    assert drift.message.startswith(f"version 1: error 0.4 over the {labels} labels that have come since ")


def test_its_evidence_is_the_alarm_s_over_what_has_come() -> None:
    monitor = Monitor()
    monitor.buckets(*[2] * 40, *[8] * 10)
    [(warned, drift)] = monitor.warned
    tenure = msgspec.json.decode(monitor.state[TENURE_KEY], type=Tenure)
    assert tenure.detector is not None
    wanted = ESR(tenure.detector.baseline)
    for turn in range(warned + 1):
        whole = turn <= warned - LATE
        wanted.take(SOON * (1 + whole), monitor.wrong[turn] * (1 + whole), turn * BUCKET)
    assert drift.evidence == pytest.approx(wanted.evidence)
    assert (drift.threshold, wanted.evidence >= 10_000) == (10_000, True)


def test_it_is_told_again_only_after_it_was_well_below() -> None:
    monitor = Monitor()
    monitor.buckets(*[2] * 20, *[8] * 5, *[0] * 10, *[2] * 30, *[8] * 6, later=0)
    assert [turn // 40 for turn, _ in monitor.warned] == [0, 1]
    assert monitor.asked == [], "the alarm hears of the later labels, too"


def test_another_version_is_looked_at_anew_and_old_figures_are_not() -> None:
    monitor = Monitor()
    monitor.buckets(*[2] * 20, *[8] * 5)
    assert len(monitor.warned) == 1
    monitor.champion(2)
    monitor.buckets(*[8] * 10, version=2)
    assert [drift.model_version for _, drift in monitor.warned] == [1, 2]


def test_a_bucket_that_is_not_over_is_not_looked_at() -> None:
    monitor = Monitor()
    monitor.behind = 10 * BUCKET
    monitor.buckets(*[2] * 20, *[8] * 20)
    [(warned, drift)] = monitor.warned
    assert drift.to_ts == (warned - 9) * BUCKET


def test_it_is_quiet_where_nothing_is_running_or_warnings_are_off() -> None:
    quiet = Monitor()
    quiet.buckets(*[2] * 20, *[8] * 10, running=False)
    off = Monitor(settings(windows=WINDOWS))
    off.buckets(*[2] * 20, *[8] * 10)
    assert quiet.warned == off.warned == []
