"""Which windows are over, in which order and how many together; over restarts and within bounds."""

import msgspec

from models.stretches import Stretch, Stretches
from models.tallies import Cell, Tally

LENGTH = 30


def came(
    from_ts: int, answers: int = 5, version: int = 1, role: str = "champion", segment: object = None
) -> tuple[Cell, Tally]:
    return Cell(version, role, segment, from_ts), Tally(predictions=answers, features=b"\0\0\0\0\1\1")  # type: ignore[arg-type]


class Log:
    """Stretches with what they have written."""

    def __init__(self, rows: int = 10, most: int = 100) -> None:
        self.rows, self.most = rows, most
        self.stretches = Stretches(LENGTH, rows, most)
        self.state: dict[bytes, bytes] = {}

    def over(self, watermark: int | None, version: int = 1) -> list[tuple[int, int, int]]:
        found = [_said(one) for one in self.stretches.over(version, watermark)]
        self.write()
        return found

    def write(self) -> None:
        for key, value in self.stretches.changes():
            assert msgspec.json.decode(key.removeprefix(b"stretch/"))
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value

    def restart(self) -> None:
        seen = self.stretches.seen_before
        self.stretches = Stretches(LENGTH, self.rows, self.most)
        self.stretches.seen_before = seen
        for value in self.state.values():
            self.stretches.restore(value)


def _said(stretch: Stretch) -> tuple[int, int, int]:
    return stretch.from_ts, stretch.to_ts, stretch.tally.predictions


def test_a_window_is_over_when_the_watermark_has_passed_it_whatever_its_labels() -> None:
    log = Log()
    log.stretches.add([came(0), came(20), came(30, 20)])
    assert log.over(None) == log.over(29) == []
    assert log.over(59) == [(0, 30, 10)]
    assert log.over(60) == [(30, 60, 20)]
    assert log.state == {}


def test_windows_with_few_events_are_looked_at_together() -> None:
    log = Log()
    log.stretches.add([came(0, 4), came(30, 4), came(90, 4), came(120, 4)])
    assert log.over(60) == []
    log.restart()
    assert log.over(150) == [(0, 120, 12)]
    assert len(log.state) == 1
    log.restart()
    log.stretches.add([came(150, 6)])
    assert log.over(180) == [(120, 180, 10)]


def test_what_comes_late_is_left_out() -> None:
    log = Log()
    log.stretches.add([came(0, 10)])
    assert log.over(30) == [(0, 30, 10)]
    log.restart()
    log.stretches.add([came(20, 50), came(30, 10)])
    assert log.over(90) == [(30, 60, 10)]


def test_a_finish_closes_what_is_there_and_what_comes_later_opens_it() -> None:
    log = Log()
    log.stretches.add([came(0, 10), came(30, 9)])
    log.stretches.close()
    log.write()
    log.restart()
    log.stretches.add([came(30, 1)])
    assert log.over(None) == [(0, 30, 10)]
    assert log.over(60) == [(30, 60, 10)]


def test_none_is_handed_on_before_an_earlier_one() -> None:
    log = Log()
    log.stretches.add([came(30, 10)])
    log.stretches.close()
    log.stretches.add([came(0, 10)])
    assert log.over(None) == []
    assert log.over(30) == [(0, 30, 10), (30, 60, 10)]


def test_only_what_the_version_answered_as_champion_counts() -> None:
    log = Log()
    log.stretches.add([
        came(0, 9, role="shadow"), came(0, 9, role="canary"), came(0, 9, segment=("c", "a")),
        came(0, 9, version=2),
    ])  # fmt: skip
    assert log.over(30) == []
    assert log.state == {}, "they are given up"
    log.stretches.add([came(30, 9, version=2), came(60, 12), came(60, 3, version=2)])
    assert log.over(90) == [(30, 90, 12)]
    assert log.state == {}


def test_bounds_of_memory() -> None:
    log = Log(most=3)
    log.stretches.add([came(30 * i, 10) for i in range(5)])
    assert log.over(150) == [(60, 90, 10), (90, 120, 10), (120, 150, 10)]
