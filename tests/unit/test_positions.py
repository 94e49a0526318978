"""Where a service stands, what may be skipped from there, and what that passes over."""

import pytest

from console.offsets import MEANING, target
from events import topics
from events.errors import ScoreloopError
from events.internal import Skip
from transport.positions import Position


def position(committed: int | None, begin: int = 10, end: int = 20) -> Position:
    return Position("scorer", topics.FEATURES, 0, committed, "", begin, end)


@pytest.mark.parametrize(
    ("committed", "state", "lost"),
    [(None, "none", 0), (9, "gone", 1), (10, "ok", 0), (20, "ok", 0), (21, "beyond the end", 0)],
)
def test_the_state_of_a_position(committed: int | None, state: str, lost: int) -> None:
    assert (position(committed).state, position(committed).lost) == (state, lost)


@pytest.mark.parametrize(
    ("committed", "to", "offset"),
    [(5, "begin", 10), (12, "end", 20), (12, "13", 13), (None, "10", 10), (99, "begin", 10), (99, "20", 20)],
)
def test_what_may_be_skipped_to(committed: int | None, to: str, offset: int) -> None:
    assert target(position(committed), to) == offset


@pytest.mark.parametrize(
    ("committed", "to", "words"),
    [
        (12, "12", "stands at 12"), (12, "begin", "stands at 12"), (5, "9", "from 10 to 20"),
        (5, "21", "from 10 to 20"), (5, "middle", "from 10 to 20"), (5, "-3", "from 10 to 20"),
    ],
)  # fmt: skip
def test_what_may_not(committed: int, to: str, words: str) -> None:
    with pytest.raises(ScoreloopError, match=words):
        target(position(committed), to)


@pytest.mark.parametrize(
    ("start", "left"),
    [(12, range(12, 15)), (5, range(5, 15)), (None, range(10, 15)), (99, range(10, 15))],
)
def test_what_a_skip_passes_over(start: int | None, left: range) -> None:
    skip = Skip(
        ts=1, service="scorer", topic="features", partition=0, from_offset=start, to_offset=15, begin=10,
        end=20, by="me@here", reason="a test",
    )  # fmt: skip
    assert skip.passed_over == left


def test_each_topic_that_is_read_has_its_warning() -> None:
    assert {topic for _, topic in topics.groups("payments")} == set(MEANING)
