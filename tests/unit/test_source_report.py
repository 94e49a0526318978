from typing import Any

from consumers.source_report import SourceReport
from events.internal import SourceProgress


def told(report: SourceReport, now: int, read: Any = (), newest: Any = (), ends: Any = ()) -> dict[str, Any]:
    messages = report.told(dict(read), dict(newest), dict(ends), now)
    found = {(m["key"] or b"").decode(): SourceProgress.found(m["value"] or b"") for m in messages}
    return {key: record and (record.ts, record.next, record.idle) for key, record in found.items()}


def started(idle_after: int = 1_000) -> SourceReport:
    report = SourceReport("features", idle_after)
    report.begin({0: 10, 3: 0})
    return report


def test_what_was_read_is_told_with_its_largest_event_time() -> None:
    report = started()
    assert told(report, 1, read={0: 12}, newest={0: 500}) == {"features/0": (500, 12, False)}
    assert told(report, 2, read={0: 13}, newest={0: 400}) == {"features/0": (500, 13, False)}
    assert told(report, 3, read={0: 14}) == {"features/0": (500, 14, False)}  # a record without a time
    assert told(report, 4) == {}


def test_an_end_is_told_once() -> None:
    report = started()
    assert told(report, 1, ends={3: 0}) == {"features/3": (None, 0, False)}
    assert told(report, 2, ends={3: 0}) == {}
    assert told(report, 3, ends={3: 2}) == {"features/3": (None, 2, False)}  # behind a transaction's mark


def test_what_was_aborted_does_not_count() -> None:
    report = started()
    told(report, 1, read={0: 12}, newest={0: 500})
    told(report, 2, read={0: 13}, newest={0: 900})
    report.begin({0: 12})
    assert told(report, 3, read={0: 13}, newest={0: 600}) == {"features/0": (600, 13, False)}


def test_a_partition_is_idle_at_its_end_with_nothing_new_for_long() -> None:
    report = started(idle_after=1_000)
    told(report, 100, read={0: 12}, newest={0: 500})
    assert told(report, 5_000) == {}  # not at its end
    assert told(report, 5_000, ends={0: 12}) == {"features/0": (500, 12, True)}
    assert told(report, 9_000) == {}
    assert told(report, 9_001, read={0: 13}, newest={0: 501}) == {"features/0": (501, 13, False)}
    assert told(report, 9_999) == {}


def test_a_partition_with_nothing_at_all_falls_idle_from_when_reading_began() -> None:
    report = started(idle_after=1_000)
    told(report, 100, ends={3: 0})
    assert told(report, 1_099) == {}
    assert told(report, 1_100) == {"features/3": (None, 0, True)}
