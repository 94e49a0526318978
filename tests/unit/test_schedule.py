from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from producers.missing import missing, without
from producers.pace import Pace
from producers.schedule import FeatureRecord, LabelRecord, Row, Timeline, schedule

times = st.integers(-(10**12), 10**12)


@given(
    start=times,
    interval=st.integers(1, 9),
    delay=st.integers(0, 99),
    first=st.integers(0, 10**6),
    labels=st.lists(st.none() | st.integers(0, 3), max_size=12),
)
def test_the_order_of_a_feed(
    start: int, interval: int, delay: int, first: int, labels: list[int | None]
) -> None:
    timeline = Timeline("s", start, interval, delay)
    records = list(schedule(timeline, first, [({"x": i}, label) for i, label in enumerate(labels)]))
    events = [record for record in records if isinstance(record, FeatureRecord)]
    sent = [record for record in records if isinstance(record, LabelRecord)]
    assert [(e.event_id, e.ts, e.features) for e in events] == [
        (f"s-{first + i}", start + (first + i) * interval, {"x": i}) for i in range(len(labels))
    ]
    assert [(r.event_id, r.label, r.ts) for r in sent] == [
        (f"s-{first + i}", label, start + (first + i) * interval + delay)
        for i, label in enumerate(labels)
        if label is not None
    ]
    latest = None
    for record in records:
        if isinstance(record, FeatureRecord):
            latest = record
        else:
            due = next((event for event in events if event.ts >= record.ts), events[-1])
            assert latest is due, "a label follows the first event that reaches its time, or the last one"


def test_a_row_is_taken_only_when_its_event_is_next() -> None:
    taken: list[int] = []

    def rows() -> Iterator[Row]:
        for i in range(3):
            taken.append(i)
            yield {}, i

    feed = schedule(Timeline("s", 0, 10, 0), 0, rows())
    seen = [(type(next(feed)).__name__, len(taken)) for _ in range(6)]
    assert seen == [
        ("FeatureRecord", 1), ("LabelRecord", 1), ("FeatureRecord", 2),
        ("LabelRecord", 2), ("FeatureRecord", 3), ("LabelRecord", 3),
    ]  # fmt: skip


@given(
    seed=st.integers(0, 2**32),
    first=st.integers(0, 10**9),
    cut=st.integers(0, 200),
    share=st.floats(0, 1),
)
def test_which_labels_are_missing_does_not_depend_on_the_slice(
    seed: int, first: int, cut: int, share: float
) -> None:
    whole = missing(seed, first, 200, share)
    assert np.array_equal(whole[cut:], missing(seed, first + cut, 200 - cut, share))


def test_how_many_labels_are_missing() -> None:
    labels = list(range(10_000))
    assert without(labels, 0, 0, 0.0) == labels
    assert set(without(labels, 0, 0, 1.0)) == {None}
    gone = without(labels, 1, 0, 0.3).count(None)
    assert 2_800 < gone < 3_200
    assert without(labels, 1, 0, 0.3) != without(labels, 2, 0, 0.3)


def sent_by(pace: Pace, until: float, now: float, stall: tuple[float, float] = (0, 0)) -> list[float]:
    """When events go out on a clock that the test turns, standing still during `stall`."""
    out: list[float] = []
    while now < until:
        if stall[0] <= now < stall[1]:
            now = stall[1]
        if (wait := pace.wait(now)) > 0:
            now += wait
            continue
        out.append(now)
        pace.sent(now)
    return out


def test_events_go_out_evenly() -> None:
    out = sent_by(Pace(1_000, 5.0), 6.0, 5.0)
    assert abs(len(out) - 1_000) <= 1
    assert max(np.diff(out)) < 0.0011


def test_after_a_short_stall_the_late_events_follow_and_after_a_long_one_only_some() -> None:
    short = sent_by(Pace(1_000, 0.0), 1.0, 0.0, stall=(0.5, 0.55))
    assert abs(len(short) - 1_000) <= 1
    long = sent_by(Pace(1_000, 0.0), 2.0, 0.0, stall=(0.5, 1.5))
    at_once = sum(1.5 <= t < 1.501 for t in long)
    assert 100 <= at_once <= 103
    assert abs(len(long) - 1_100) <= 3
