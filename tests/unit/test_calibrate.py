"""The streams of `make calibrate` are what they are said to be, and a target that is missed is named."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2]))

from calibrate import plan, streams
from calibrate.alarms import Alarms, Watched, delays, false_alarms
from calibrate.canaries import Canary, canary
from calibrate.document import written

QUIET = Alarms(labels=1_000_000, rings=5, streams=200, rang=5)
SAME = [Canary(rolled_back=False, peeked=k < 30, finding="inconclusive", labels=6_000) for k in range(100)]


def results(**changes: object) -> plan.Results:
    made = plan.Results(
        alone={(row, size): QUIET for row in plan.ROWS for size in plan.SIZES},
        sized=dict.fromkeys(plan.SIZES, (200,)),
        mixed={(name, kind): QUIET for name in plan.NAMES for kind in streams.KINDS},
        hinkley=QUIET,
        late={(name, error): [100 + 200 * (name != "e-sr")] for name in plan.NAMES for error in plan.RISES},
        canaries=dict.fromkeys(plan.EXCESSES, SAME),
    )
    return made._replace(**changes)


@pytest.mark.parametrize(("kind", "labelled", "correlation"), [
    ("independent", 1.0, 0.0), ("missing", 0.7, 0.0), ("autocorrelated", 1.0, 0.3),
])  # fmt: skip
def test_streams_are_as_they_are_called(kind: str, labelled: float, correlation: float) -> None:
    losses, known = streams.null(kind, 0, 40_000)
    assert losses.mean() == pytest.approx(0.2, abs=0.01)
    assert known.mean() == pytest.approx(labelled, abs=0.01)
    assert np.corrcoef(losses[1:], losses[:-1])[0, 1] == pytest.approx(correlation, abs=0.02)
    again, _ = streams.null(kind, 0, 40_000)
    other, _ = streams.null(kind, 1, 40_000)
    assert (losses == again).all()
    assert (losses != other).any()


def test_cohorts_have_the_labelled_losses_alone() -> None:
    losses, known = np.array([1, 1, 0, 1, 1], bool), np.array([1, 0, 1, 0, 0], bool)
    assert streams.cohorts(losses, known, 2) == [(1, 1), (1, 0), (0, 0)]


def test_a_change_is_found_after_it_and_nothing_where_there_is_none() -> None:
    late = delays(Watched("e-sr", 0.21, size=50, events=4_000), 0.4, range(3))
    assert all(one is not None and 50 <= one <= 500 for one in late)
    found = false_alarms(Watched("e-sr", 0.6, size=50, events=2_000), "missing", range(3))
    assert (found.rings, found.streams) == (0, 3)
    assert found.labels == pytest.approx(4_200, abs=150)
    assert false_alarms(Watched("e-sr", 0.1, size=50, events=2_000), "independent", range(1)).rings > 5


def test_a_much_worse_challenger_is_found_out() -> None:
    found = canary(0.08, 0)
    assert (found.rolled_back, found.peeked, found.finding) == (True, True, "worse")


def test_a_document_names_the_targets_that_are_missed() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    text, missed = written(results(), now, 1.0)
    assert missed == []
    assert "**missed**" not in text
    loud = QUIET._replace(rings=500, rang=100)
    wrong = [one._replace(rolled_back=k < 6, finding="no worse") for k, one in enumerate(SAME)]
    text, missed = written(
        results(
            alone=dict.fromkeys(results().alone, loud),
            mixed=dict.fromkeys(results().mixed, loud),
            late=dict.fromkeys(results().late, (300,)),
            canaries=dict.fromkeys(plan.EXCESSES, wrong),
        ),
        now,
        1.0,
    )
    assert len(missed) == text.count("**missed**") == 8
