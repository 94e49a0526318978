"""River's detectors behind the adapter: rises only, one ring each, kept as JSON, in a monitor as well."""

import random
from itertools import count

import msgspec
import pytest
from samples import settings

from events.records import Manifest, Roles
from models import exact, river_detectors
from models.alarms import Alarms
from models.river_detectors import River, losses, made
from models.tallies import Cell, Tally

NAMES = ["adwin", "page-hinkley", "kswin", "ddm", "eddm", "hddm-a", "hddm-w"]
QUICK = [name for name in NAMES if name != "kswin"]


def cohorts(name: str, *rates: float, each: int = 3_000, of: int = 25) -> list[tuple[int, int]]:
    """Number of losses and their sum; kswin, slow and quick to ring, gets a tenth of them."""
    chance = random.Random(3)
    each = each // 10 if name == "kswin" else each
    return [(of, sum(chance.random() < rate for _ in range(of))) for rate in rates for _ in range(each // of)]


def rings(name: str, taken: list[tuple[int, int]], *, kept: bool = False) -> list[int]:
    """The cohorts in which it rang."""
    detector, found = River(name), []
    for ts, (size, total) in enumerate(taken):
        detector.take(size, total, ts)
        if kept:
            detector = msgspec.json.decode(msgspec.json.encode(detector), type=River)
        if detector.evidence:
            found.append(ts)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_rise_rings_and_does_not_go_on_ringing(name: str) -> None:
    taken = cohorts(name, 0.1, 0.6)
    found = [ts for ts in rings(name, taken) if ts >= len(taken) // 2]
    assert 1 <= len(found) <= 5
    assert found[0] <= len(taken) * 0.75


@pytest.mark.parametrize("name", NAMES)
def test_a_fall_does_not_ring(name: str) -> None:
    taken = cohorts(name, 0.6, 0.05)
    assert [ts for ts in rings(name, taken) if ts >= len(taken) // 2] == []


@pytest.mark.parametrize("name", NAMES)
def test_one_that_is_kept_as_json_says_the_same_as_one_that_is_not(name: str) -> None:
    taken = cohorts(name, 0.1, 0.3, 0.6)
    assert rings(name, taken, kept=True) == rings(name, taken)
    live, kept = made(name), River(name)
    for ts, (size, total) in enumerate(taken):
        kept.take(size, total, ts)
        rang = False
        for loss in losses(size, total, ts):
            live.update(loss)
            rang |= live.drift_detected
        assert rang >= bool(kept.evidence)
    assert kept.state == river_detectors.held(live)


def test_another_release_of_river_begins_anew() -> None:
    detector = River("ddm", release="0.1", state={"nothing": "of this"})
    detector.take(40, 3, 0)
    other = River("ddm")
    other.take(40, 3, 0)
    assert detector == other


def test_a_cohort_s_losses_have_its_sum_in_an_order_that_stays() -> None:
    found = losses(10, 3.25, 7)
    assert sorted(found) == [0] * 6 + [0.25, 1, 1, 1]
    assert found == losses(10, 3.25, 7) != losses(10, 3.25, 8)


@pytest.mark.parametrize("name", ["lifetime", *QUICK])
def test_a_monitor_rings_by_the_detector_that_settings_name_whether_it_restarts_or_not(name: str) -> None:
    asked = [alarms(name, restarts=restarts) for restarts in (False, True)]
    assert asked[0] == asked[1]
    rung = [one.drift for one in asked[0] if one.drift is not None]
    assert [drift.detector for drift in rung] == [name]
    assert rung[0].evidence >= rung[0].threshold
    assert rung[0].alarm_id.startswith(f"{name}.1.")
    assert ("none" in rung[0].guarantee) == (name != "lifetime")
    assert asked[0][0].decision.action == "retrain"


def alarms(name: str, *, restarts: bool) -> list:
    stream = settings(windows={"length": "30ms", "bucket": "10ms"}, decisions={"detector": name})
    monitor, asked, state, now = Alarms(stream), [], {}, count()
    monitor.version(
        Manifest(
            version=1,
            created_ts=0,
            artifact_sha256="0" * 64,
            format="skops",
            estimator="linear",
            schema_sha256="0" * 64,
            trained_on={},
            params={},
            parent_version=None,
            decision_id="d",
            metrics={"rows": 500, "loss_sum": 50},
            environment={},
        )
    )
    monitor.roles(Roles(epoch=1, ts=0, champion=1, decision_id="d"), 0)
    for size, total in cohorts(name, 0.1, 0.6, each=2_000):
        at = next(now)
        tally = Tally(predictions=size, matched=size, loss=total * exact.ONE)
        asked += monitor.buckets([(Cell(1, "champion", "", at * 10), tally)], at)
        state |= dict(monitor.changes())
        if restarts:
            monitor = Alarms(stream)
            for key, value in state.items():
                monitor.restore(key, value)
    return asked
