"""Which windows are final, what is said of them and how often; buckets in order of time; bounds."""

import random
from collections import Counter

import joins
import pytest
from samples import settings

from events.errors import ScoreloopError
from events.internal import Standing
from events.json_reading import INT64_MAX, INT64_MIN
from events.outputs import Message
from events.records import Metric
from events.settings import Settings
from models import exact
from models.bucket_book import BucketBook
from models.merging import merged
from models.monitor_book import MonitorBook, News
from models.standings import Standings
from models.tallies import Cell, Tally, aligned, decoded
from models.window_book import WindowBook

BUCKET, LENGTH = 10, 30
CAME, RIGHT, WRONG, GONE = (
    Tally(predictions=1),
    Tally(matched=1, confusion={(0, 0): 1}),
    Tally(matched=1, loss=exact.ONE, confusion={(0, 1): 1}),
    Tally(expired=1),
)


def stream(**monitor: int) -> Settings:
    windows = {"length": f"{LENGTH}ms", "bucket": f"{BUCKET}ms"}
    return settings(windows=windows, monitor={"running_every": "1ms", **monitor})


def of(from_ts: int, version: int = 1) -> Cell:
    return Cell(version, "champion", None, from_ts)


class Book:
    """A `MonitorBook` with what it has written, one record a turn."""

    def __init__(self, partitions: int = 1, **monitor: int) -> None:
        self.settings, self.partitions = stream(**monitor), partitions
        self.book = MonitorBook(self.settings, partitions)
        self.state: dict[bytes, bytes] = {}
        self.metrics: list[Metric] = []
        self.buckets: list[Cell] = []

    def turn(self, *records: joins.Record, running: bool = False) -> News:
        for key, value in records:
            self.book.take(key, value)
        news = self.book.news(0, running=running)
        self.metrics += news.metrics
        self.buckets += [cell for cell, _ in news.buckets]
        for message in self.book.changes(f"turn {len(self.state)}"):
            self._keep(message)
        return news

    def said(self, *records: joins.Record, running: bool = False) -> list[tuple[int, bool, int]]:
        """What a turn publishes: start, whether final, labelled."""
        news = self.turn(*records, running=running)
        return [(metric.from_ts, metric.final, metric.labelled) for metric in news.metrics]

    def restart(self) -> None:
        self.book = MonitorBook.restored(self.settings, self.partitions, self.state)

    def _keep(self, message: Message) -> None:
        key, value = message["key"], message["value"]
        assert isinstance(key, bytes)
        if value is None:
            self.state.pop(key, None)
        else:
            assert isinstance(value, bytes)
            self.state[key] = value


def test_a_window_is_final_once_it_is_complete_and_every_partition_has_read_past_its_end() -> None:
    book = Book(partitions=2)
    assert book.said(joins.cell(20, CAME), joins.cell(0, CAME), joins.stands(0, 100)) == []
    assert book.said(joins.cell(0, RIGHT), joins.cell(20, WRONG)) == [], "partition 1 has not been heard of"
    assert book.said(joins.stands(1)) == [], "its watermark is not known"
    assert book.said(joins.stands(1, 29)) == [], "it has not reached the end"
    assert book.said(joins.stands(1, 30)) == [(0, True, 2)]
    assert book.said(joins.stands(1, 31), running=True) == []


def test_a_window_waits_for_its_last_label() -> None:
    book = Book()
    assert book.said(joins.cell(0, CAME), joins.cell(10, CAME), joins.stands(0, 1000)) == []
    assert book.said(joins.cell(0, RIGHT)) == []
    assert book.said(joins.cell(10, GONE)) == [(0, True, 1)]
    assert (book.metrics[0].expired, book.metrics[0].coverage) == (1, 0.5)


def test_a_finish_closes_what_is_there_and_a_later_prediction_opens_it_again() -> None:
    book = Book(partitions=2)
    settled = merged(CAME, RIGHT)
    book.turn(joins.cell(0, settled), joins.stands(0, 5, finish=7))
    assert book.metrics == []
    assert book.said(joins.stands(1, 5, finish=8)) == [(0, True, 1)], "7 was carried out by both"
    assert book.turn(joins.stands(0, 5, finish=8)).finished == 8
    assert book.said(joins.cell(0, settled), running=True) == [(0, False, 2)]
    assert book.said(joins.stands(0, 29, finish=8), joins.stands(1, 29, finish=8), running=True) == []
    assert book.said(joins.stands(0, 30, finish=8), joins.stands(1, 30, finish=8)) == [(0, True, 2)]


def test_a_prediction_after_the_finish_in_one_batch_is_not_closed_by_it() -> None:
    book = Book()
    settled = merged(CAME, RIGHT)
    records = joins.cell(0, settled), joins.stands(0, 5, finish=1), joins.cell(60, settled)
    assert book.said(*records) == [(0, True, 1)]
    assert book.said(joins.stands(0, 5, finish=2)) == [(60, True, 1)]


def test_a_finish_is_told_of_once_also_after_a_restart() -> None:
    book = Book()
    assert book.turn(joins.stands(0, None, finish=3)).finished == 3
    book.restart()
    assert book.turn(joins.stands(0, 1, finish=3)).finished is None
    assert book.turn(joins.stands(0, 1, finish=9)).finished == 9


def test_running_figures_come_where_something_has_changed_and_never_twice() -> None:
    book = Book()
    book.turn(joins.cell(0, CAME), joins.cell(60, CAME))
    assert book.said(running=True) == [(0, False, 0), (60, False, 0)]
    assert book.said(running=True) == []
    assert book.said(joins.cell(60, RIGHT), running=True) == [(60, False, 1)]
    assert book.said(joins.cell(0, RIGHT), joins.stands(0, 30), running=True) == [(0, True, 1)]
    book.restart()
    assert book.said(running=True) == []
    book.turn(joins.cell(90, CAME))
    book.restart()
    assert book.said(running=True) == [(90, False, 0)]


def test_what_no_figure_shows_restates_nothing() -> None:
    book = Book()
    book.turn(joins.cell(0, merged(CAME, RIGHT)), joins.stands(0, 30))
    assert book.said(joins.cell(0, Tally(pairs={(2, 1): 1})), running=True) == []
    assert len(book.metrics) == 1


def test_a_restatement_is_running_and_then_final_once_more() -> None:
    book = Book()
    book.turn(joins.cell(0, merged(CAME, RIGHT)), joins.stands(0, 50))
    assert book.said(joins.cell(10, CAME), running=True) == [(0, False, 1)]
    assert book.said(joins.cell(10, WRONG), running=True) == [(0, True, 2)]


@pytest.mark.parametrize("ts", [INT64_MIN, INT64_MAX])
def test_the_ends_of_time_have_windows_too(ts: int) -> None:
    book = Book()
    book.turn(joins.cell(aligned(ts, BUCKET), merged(CAME, RIGHT)), joins.stands(0, ts, finish=1))
    book.restart()
    assert [metric.final for metric in book.metrics] == [True]
    assert Metric.found(book.metrics[0].encoded()) == book.metrics[0]


def test_totals_are_i4s_counts_and_the_newest_final_figures() -> None:
    book = Book()
    segment = joins.cell(0, CAME, segment=("country", "NO"))
    book.turn(joins.cell(0, CAME), segment, joins.cell(0, CAME, version=2, role="shadow"))
    book.turn(joins.labels(read=3, refused=1), joins.labels(matched=1, late=1))
    book.turn(joins.cell(0, RIGHT), joins.stands(0, 30))
    book.restart()
    book.turn(joins.cell(30, CAME))
    totals = book.book.totals()
    assert {role: tuple(dict(counts).values()) for role, counts in totals.answers.items()} == {
        "champion": (2, 1, 0),
        "shadow": (1, 0, 0),
    }
    assert (totals.labels.read, totals.labels.refused, totals.labels.matched, totals.labels.late) == (
        3,
        1,
        1,
        1,
    )
    assert totals.newest == book.metrics[0]


def test_the_oldest_final_windows_are_forgotten_first_and_not_restated() -> None:
    book = Book(windows_kept=2)
    waits, settled = joins.cell(0, CAME), merged(CAME, RIGHT)
    book.turn(waits, joins.stands(0, 1000))
    for start in (30, 60, 90):
        book.turn(joins.cell(start, settled))
    assert sorted(key for key in book.state if key.startswith(b"window/")) == [
        b'window/[1,"champion",null,0]',
        b'window/[1,"champion",null,90]',
    ]
    assert book.said(joins.cell(60, settled), running=True) == [(0, False, 0)], "60 was forgotten"
    assert book.book.totals().answers["champion"].predictions == 5
    book.restart()
    assert book.said(joins.cell(30, settled), running=True) == [], "also after a restart"
    assert book.said(joins.cell(0, RIGHT)) == [(0, True, 1)], "it waited, and was kept"


def test_where_nothing_is_final_the_oldest_are_forgotten_and_that_is_said() -> None:
    book = Book(windows_kept=2)
    news = book.turn(*(joins.cell(start, CAME) for start in (0, 30, 60)))
    assert news.lost == (1, 0)
    assert book.said(joins.cell(0, RIGHT), joins.stands(0, 1000), running=True) == [
        (30, False, 0),
        (60, False, 0),
    ]


def test_to_forget_many_takes_few_searches() -> None:
    book, searches = WindowBook(LENGTH, most=1000), 0
    for i in range(2000):
        book.add([(of(i * LENGTH), CAME)])
        searches += book.forget() > 0
    assert searches <= 100


def test_a_state_of_windows_of_another_length_is_refused() -> None:
    book = Book()
    book.turn(joins.cell(0, CAME))
    book.settings = settings(windows={"length": "60ms", "bucket": "10ms"})
    with pytest.raises(ScoreloopError, match="length was 30ms when the monitor last ran"):
        book.restart()


def test_buckets_are_handed_on_in_order_of_time_once() -> None:
    book = Book()
    settled = merged(CAME, RIGHT)
    book.turn(joins.cell(10, settled), joins.cell(0, CAME), joins.cell(0, settled, version=2))
    book.turn(joins.cell(30, settled), joins.cell(40, settled, segment=("country", "NO")))
    book.turn(joins.stands(0, 39))
    assert book.buckets == [], "the first waits for its label, and the others wait for it"
    book.turn(joins.cell(0, GONE))
    assert book.buckets == [of(0), of(0, 2), of(10)]
    book.turn(joins.cell(10, settled), joins.cell(0, CAME))
    assert book.buckets == [of(0), of(0, 2), of(10)], "a restatement"
    book.restart()
    book.turn(joins.stands(0, 40))
    assert book.buckets[3:] == [of(30)]
    assert not [key for key in book.state if key.startswith(b"bucket/")]


def test_a_finish_closes_buckets_too() -> None:
    book = Book(partitions=2)
    book.turn(joins.cell(0, merged(CAME, RIGHT)), joins.stands(0, finish=1))
    book.turn(joins.cell(10, CAME), joins.stands(1, finish=1))
    assert book.buckets == [of(0)]
    book.restart()
    book.turn(joins.cell(10, RIGHT))
    assert book.buckets == [of(0), of(10)], "it was closed, and is complete now"


def test_a_later_prediction_opens_a_bucket_again() -> None:
    book = Book()
    book.turn(joins.cell(0, CAME), joins.stands(0, finish=1))
    book.turn(joins.cell(0, CAME))
    book.turn(joins.cell(0, RIGHT), joins.cell(0, RIGHT))
    assert book.buckets == []
    book.turn(joins.stands(0, 10))
    assert book.buckets == [of(0)]


def test_a_bucket_keeps_all_its_sums() -> None:
    book = BucketBook(BUCKET, most=10)
    full = Tally(predictions=1, matched=1, pairs={(2, 1): 1}, delays={5: 1}, features=b"", loss=exact.ONE)
    book.add([(of(0), full)])
    book.close()
    assert book.finals(None) == [(of(0), full)]


def test_too_many_buckets_are_given_up_from_the_oldest() -> None:
    book = BucketBook(BUCKET, most=2)
    book.add([(of(start, version), CAME) for start in (0, 10, 20) for version in (1, 2)])
    assert book.forget() == 4
    book.add([(of(10), GONE), (of(20), GONE), (of(20, 2), GONE)])
    assert [cell for cell, _ in book.finals(1000)] == [of(20), of(20, 2)]


def test_what_is_known_of_all_partitions_never_goes_back() -> None:
    standings = Standings(2)

    def take(partition: int, watermark: int | None, finish: int | None) -> tuple[int | None, int | None]:
        standings.take(
            Standing(
                partition=partition,
                watermark=watermark,
                finish=finish,
                waiting_predictions=0,
                waiting_shadows=0,
                waiting_labels=0,
            )
        )
        return standings.watermark, standings.finish

    assert take(0, 5, 1) == (None, None)
    assert take(1, None, 2) == (None, 1)
    assert take(1, 3, 2) == (3, 1)
    assert take(0, None, None) == take(0, 4, 0) == (3, 1)
    assert take(1, 9, 2) == (5, 1)
    assert take(0, 9, 4) == (9, 2)


@pytest.mark.parametrize("seed", range(3))
def test_restarts_at_any_time_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    records = history(chance)
    calm, restless = Book(partitions=2), Book(partitions=2)
    while records:
        batch, records = records[: (n := chance.randint(1, 5))], records[n:]
        running = chance.random() < 0.3
        calm.turn(*batch, running=running)
        if chance.random() < 0.5:
            restless.restart()
        restless.turn(*batch, running=running)
    assert restless.metrics == calm.metrics
    assert restless.buckets == calm.buckets
    assert restless.book.totals() == calm.book.totals()


@pytest.mark.parametrize("seed", range(3))
def test_final_figures_are_a_recomputation_whatever_the_order(seed: int) -> None:
    records = history(random.Random(seed))
    book = Book(partitions=2)
    for record in records:
        book.turn(record, running=True)
    finals = {(m.from_ts, m.model_version): m for m in book.metrics if m.final}
    counted = Counter(
        (m.from_ts, m.model_version, m.predictions, m.labelled) for m in book.metrics if m.final
    )
    assert set(counted.values()) == {1}
    other, shuffled = Book(partitions=2), records[:-2]
    random.Random(seed).shuffle(shuffled)
    other.turn(*shuffled, *records[-2:])
    assert {(m.from_ts, m.model_version): m for m in other.metrics} == finals
    sums = {key: (m.predictions, m.labelled, m.expired) for key, m in finals.items()}
    assert sums == recomputed(records)
    assert book.buckets == sorted(book.buckets, key=lambda cell: cell.from_ts)


def recomputed(records: list[joins.Record]) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Each window's predictions, labelled and expired, by start and version."""
    sums: dict[tuple[int, int], Counter[str]] = {}
    for key, value in records:
        if key == b"cell":
            cell, tally = decoded(value)
            counts = sums.setdefault((cell.from_ts // LENGTH * LENGTH, cell.model_version), Counter())
            counts.update(predictions=tally.predictions, matched=tally.matched, expired=tally.expired)
    return {key: (c["predictions"], c["matched"], c["expired"]) for key, c in sums.items()}


def history(chance: random.Random) -> list[joins.Record]:
    """Predictions of two versions over ten windows, each settled some time, and two watermarks."""
    moments: list[tuple[float, int, joins.Record]] = []
    for i in range(120):
        ts, version = chance.randrange(10 * LENGTH), chance.randint(1, 2)
        start = aligned(ts, BUCKET)
        came = ts + chance.uniform(0, 20)
        settled = came + chance.expovariate(1 / 40)
        moments.append((came, i, joins.cell(start, CAME, version=version)))
        moments.append((settled, i, joins.cell(start, chance.choice([RIGHT, WRONG, GONE]), version=version)))
    for at in range(0, 10 * LENGTH, 7):
        moments += [(at + chance.uniform(20, 60), -p, joins.stands(p, at)) for p in range(2)]
    moments += [(10_000 + p, 0, joins.stands(p, 10 * LENGTH, finish=1)) for p in range(2)]
    return [record for *_, record in sorted(moments)]
