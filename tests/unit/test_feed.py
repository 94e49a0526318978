"""The feed without Kafka: what it takes, sends and counts. Delivery itself is shown by tests/broker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from console.durations import TimeType
from console.feed import feed
from events.durations import iso
from events.errors import ScoreloopError
from events.settings import Settings
from producers import feed as feeding
from producers.feed import Feed, Plan
from producers.rows import Rows, open_rows
from producers.schedule import Timeline

NOWHERE = "127.0.0.1:1"  # never a broker: a test that slips past the fakes must not write to one
SETTINGS = Settings.model_validate(
    {
        "name": "s",
        "task": "classification",
        "kafka": {"bootstrap_servers": NOWHERE},
        "features": {"x": "number"},
        "labels": {"classes": [0, 1]},
    }
)
STREAM = f"""
name = "s"
task = "classification"
kafka.bootstrap_servers = "{NOWHERE}"
features.x = "number"
labels.classes = [0, 1]
"""
TIMELINE = Timeline("s", 1_000, 10, 15)


class Sent:
    """In place of `Delivery`: remembers what was sent, and fails after `fails_after` records."""

    def __init__(self, fails_after: float = float("inf")) -> None:
        self.records: list[tuple[str, Any]] = []
        self.finished = False
        self._fails_after = fails_after

    @property
    def failed(self) -> bool:
        return len(self.records) >= self._fails_after

    def send(self, topic: str, key: str, value: bytes) -> None:
        record = msgspec.json.decode(value)
        assert record["event_id"] == key
        self.records.append((topic, record))

    def poll(self, seconds: float = 0.0) -> None:
        pass

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    delivery = Sent()
    monkeypatch.setattr(feeding, "require", lambda *_: None)
    monkeypatch.setattr(feeding, "Delivery", lambda _kafka: delivery)
    return delivery


def rows(tmp_path: Path, count: int, span: str | None = None, **cells: str) -> Rows:
    """Rows `x,label` = `i,i % 2`, but for the x of the rows in `cells`: `row3="bad"`."""
    lines = [f"{cells.get(f'row{i}', i)},{i % 2}\n" for i in range(count)]
    path = tmp_path / "a.csv"
    path.write_text("x,label\n" + "".join(lines), encoding="utf-8")
    return open_rows(path, span)


def stops_after(asked: int) -> Callable[[], bool]:
    times = iter(range(10**9))
    return lambda: next(times) >= asked


def test_records_are_as_the_contract_has_them(tmp_path: Path, sent: Sent) -> None:
    fed = Feed(SETTINGS, rows(tmp_path, 4, "1:3", row1=""), Plan(TIMELINE)).run()
    assert sent.records == [
        ("s.features", {"event_id": "s-1", "ts": 1_010, "features": {"x": None}}),
        ("s.features", {"event_id": "s-2", "ts": 1_020, "features": {"x": 2.0}}),
        ("s.labels", {"event_id": "s-1", "label": 1, "ts": 1_025}),
        ("s.labels", {"event_id": "s-2", "label": 0, "ts": 1_035}),
    ]
    assert (fed.events, fed.labels, fed.incomplete, sent.finished) == (2, 2, 1, True)


def test_a_stop_sends_the_labels_of_what_was_sent(tmp_path: Path, sent: Sent) -> None:
    fed = Feed(SETTINGS, rows(tmp_path, 50), Plan(TIMELINE), stops_after(7)).run()
    assert (fed.events, fed.labels, sent.finished) == (7, 7, True)
    events, labels = (
        [r["event_id"] for t, r in sent.records if t == f"s.{kind}"] for kind in ("features", "labels")
    )
    assert events == labels == [f"s-{i}" for i in range(7)]


def test_a_stop_is_heard_while_waiting_for_a_turn(tmp_path: Path, sent: Sent) -> None:
    fed = Feed(SETTINGS, rows(tmp_path, 50), Plan(TIMELINE, rate=0.001), stops_after(3)).run()
    assert (fed.events, fed.labels, len(sent.records)) == (1, 1, 2)


def test_a_record_that_is_lost_ends_the_feed(tmp_path: Path, sent: Sent) -> None:
    sent._fails_after = 5  # noqa: SLF001 (the fake's own switch)
    assert Feed(SETTINGS, rows(tmp_path, 50), Plan(TIMELINE)).run().events < 6


def test_a_bad_row_ends_the_feed_and_says_where_to_go_on(
    tmp_path: Path, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.rows.CHUNK_ROWS", 4)
    with pytest.raises(ScoreloopError) as raised:
        Feed(SETTINGS, rows(tmp_path, 20, "1:", row10="bad"), Plan(TIMELINE)).run()
    assert str(raised.value) == (
        "a.csv: row 10 (the first is row 0), column 'x': 'bad' is no number; "
        "rows 1:9 and their labels were sent; mend it and feed --rows 9:20"
    )
    assert len(sent.records) == 16
    assert sent.finished


def test_the_same_labels_are_missing_in_any_slice(tmp_path: Path, sent: Sent) -> None:
    def labelled(span: str) -> set[str]:
        sent.records.clear()
        Feed(SETTINGS, rows(tmp_path, 200, span), Plan(TIMELINE, missing=0.5, seed=3)).run()
        return {record["event_id"] for topic, record in sent.records if topic == "s.labels"}

    whole = labelled("0:200")
    assert 70 < len(whole) < 130
    assert labelled("0:77") | labelled("77:200") == whole


def command(tmp_path: Path, *arguments: str) -> Result:
    stream = tmp_path / "stream.toml"
    stream.write_text(STREAM, encoding="utf-8")
    rows(tmp_path, 10)
    return CliRunner().invoke(feed, [str(stream), "--csv", str(tmp_path / "a.csv"), *arguments])


def test_the_last_row_of_the_file_falls_on_new_year_whatever_the_slice(tmp_path: Path, sent: Sent) -> None:
    facts = msgspec.json.decode(command(tmp_path, "--rows", "3:5", "--interval", "30m", "--json").stdout)
    assert sent.records[0][1]["ts"] == 1_704_067_200_000 - 6 * 1_800_000
    assert (facts["first_ts"], facts["last_ts"]) == (sent.records[0][1]["ts"], sent.records[2][1]["ts"])
    assert (facts["events"], facts["labels"], facts["rows"], facts["continue_rows"]) == (2, 2, [3, 5], None)


@pytest.mark.parametrize("start", ["2023-12-31T23:00", "2024-01-01T00:00:00+01:00", "1704063600000"])
def test_a_start_is_a_time_or_milliseconds(tmp_path: Path, sent: Sent, start: str) -> None:
    assert command(tmp_path, "--start", start).exit_code == 0
    assert sent.records[0][1]["ts"] == 1_704_063_600_000


@pytest.mark.usefixtures("sent")
def test_the_summary_counts_what_goes_to_dead_letters_and_warns_of_the_future(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("x,label\n1,0\n,1\n", encoding="utf-8")
    result = command(tmp_path, "--csv", str(tmp_path / "b.csv"), "--start", "2999-01-01")
    assert "to dead-letters, lacking a feature that is not nullable: 1 events" in result.stdout
    assert "event time 2999-01-01T00:00:00Z to 2999-01-01T00:00:01Z" in result.stdout
    assert "into the future" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--rate", "0"), "'--rate'"),
        (("--missing", "1.5"), "'--missing'"),
        (("--interval", "0s"), "must be a whole number of milliseconds"),
        (("--start", "yesterday"), "no time such as 2024-01-01T00:00Z"),
        (("--rows", "5:3"), "holds no row"),
        (("--synth", "sea"), "one of them"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence(tmp_path: Path, arguments: tuple[str, ...], what: str) -> None:
    result = command(tmp_path, *arguments)
    assert result.exit_code == 2
    assert what in " ".join(result.stderr.split())


def test_times_are_read_and_written() -> None:
    assert TimeType().convert("2024-01-01T00:00Z", None, None) == 1_704_067_200_000
    assert iso(1_704_067_200_000) == "2024-01-01T00:00:00Z"
    assert iso(1_704_067_200_001) == "2024-01-01T00:00:00.001Z"
    assert iso(-(10**17)) == str(-(10**17))
