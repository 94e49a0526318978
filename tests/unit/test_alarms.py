"""When the alarm rings, what it asks for and how often; who is champion and since when; its state."""

import math
import random
from itertools import count
from typing import Any

import joins
import pytest
from samples import settings

from events.outputs import Message
from events.records import Canary, Manifest, Roles
from events.settings import Settings
from events.topics import ROLES_KEY, version_key
from models import exact, losses
from models.alarms import Asked
from models.monitor_book import MonitorBook
from models.tallies import Tally

BUCKET, LABELS = 10, 25


def stream(task: str = "classification", **decisions: Any) -> Settings:
    unlimited = {"cooldown": 0, "retrain_budget": {"every": 0}, "challenge_from": 0}
    decisions = {**unlimited, "retrain_from": 500, **decisions}
    made = {"windows": {"length": "30ms", "bucket": f"{BUCKET}ms"}, "decisions": decisions, "task": task}
    return settings(**made, **({} if task == "classification" else {"labels": {"horizon": "1h"}}))


class Played:
    """A monitor's book to which champions are promoted and final buckets come, one a turn."""

    def __init__(self, made: Settings | None = None) -> None:
        self.settings = made or stream()
        self.book = MonitorBook(self.settings, 1)
        self.state: dict[bytes, bytes] = {}
        self.asked: list[Asked] = []
        self.epochs, self.restarts = count(1), False
        self.now = 0

    def version(self, number: int, **metrics: object) -> None:
        made = Manifest(
            version=number, created_ts=0, artifact_sha256="0" * 64, format="skops", estimator="linear",
            schema_sha256="0" * 64, trained_on={}, params={}, parent_version=None, decision_id=f"d{number}",
            metrics={"rows": 500, "loss_sum": 50, **metrics}, environment={},
        )  # fmt: skip
        self.book.follow(version_key(number), made.encoded())

    def champion(
        self, number: int, *previous: int, shadows: tuple[int, ...] = (), canary: int | None = None
    ) -> None:
        roles = Roles(
            epoch=next(self.epochs),
            ts=0,
            champion=number,
            previous=previous,
            shadows=shadows,
            canary=None if canary is None else Canary(version=canary, share=0.1),
            decision_id="d",
        )
        self.book.follow(ROLES_KEY, roles.encoded())

    def turn(self, *records: joins.Record) -> None:
        for key, value in records:
            self.book.take(key, value)
        self.asked += self.book.news(self.now, running=False).asked
        for message in self.book.changes(f"turn {self.now}"):
            self._keep(message)
        if self.restarts:
            self.book = MonitorBook.restored(self.settings, 1, self.state)

    def buckets(
        self,
        number: int,
        wrong: int,
        of: int = 40,
        version: int = 1,
        pairs: dict[tuple[int, int], int] | None = None,
    ) -> None:
        """The next `number` buckets, each with `wrong` errors among `of` labels."""
        for _ in range(number):
            tally = Tally(predictions=of, matched=of, loss=wrong * exact.ONE, pairs=pairs or {})
            if self.settings.task == "regression":
                tally = Tally(
                    predictions=of, matched=of, losses=losses.steps([1.0] * (of - wrong) + [8.0] * wrong)
                )
            at = self.now * BUCKET
            self.now += 1
            self.turn(joins.cell(at, tally, version=version), joins.stands(0, at + BUCKET))

    def actions(self) -> list[str]:
        return [asked.decision.action for asked in self.asked if asked.decision is not None]

    def _keep(self, message: Message) -> None:
        key, value = message["key"], message["value"]
        assert isinstance(key, bytes)
        if value is None:
            self.state.pop(key, None)
        else:
            assert isinstance(value, bytes)
            self.state[key] = value


def played(made: Settings | None = None) -> Played:
    """A first version, one in ten wrong at its gate, is champion."""
    found = Played(made)
    found.version(1)
    found.champion(1)
    return found


def test_nothing_is_asked_while_the_error_stays_and_a_retrain_when_it_rises() -> None:
    monitor = played()
    monitor.buckets(200, 4)
    assert monitor.asked == []
    monitor.buckets(8, 16)
    [asked] = monitor.asked
    assert asked.drift is not None
    drift, decision = asked.drift, asked.decision
    assert (drift.kind, drift.detector, drift.model_version, drift.threshold) == ("error", "e-sr", 1, 10_000)
    assert drift.evidence >= drift.threshold
    assert drift.change_ts == drift.from_ts == 200 * BUCKET
    assert 201 * BUCKET <= drift.to_ts <= 208 * BUCKET
    assert drift.guarantee.startswith(
        "at most one false alarm in 10000 labelled events on average, of losses"
    )
    assert (decision.action, decision.requested_by, decision.model_version) == ("retrain", "monitor", 1)
    assert decision.alarm_id == drift.alarm_id
    assert decision.decision_id == f"{drift.alarm_id}.1"
    assert decision.evidence["change_ts"] == drift.change_ts
    assert decision.evidence["error"] == pytest.approx(0.4)
    assert "0.4 over" in drift.message


def test_it_rings_once_and_asks_again_at_a_third_more_labels() -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.buckets(80, 16)
    assert [asked.drift is not None for asked in monitor.asked] == [True] + [False] * 5
    assert set(monitor.actions()) == {"retrain"}
    labels = [asked.decision.evidence["labels"] for asked in monitor.asked if asked.decision]
    assert labels[0] < 400
    assert labels[1:] == [520, 1040, 1560, 2080, 2800]
    assert len({asked.decision.decision_id for asked in monitor.asked if asked.decision}) == 6
    assert len({asked.decision.alarm_id for asked in monitor.asked if asked.decision}) == 1


def labels_when_asked(monitor: Played) -> list[object]:
    return [asked.decision.evidence.get("labels") for asked in monitor.asked if asked.decision]


@pytest.mark.parametrize(("before", "expected"), [(0.9, [1_000]), (0.15, [800, 1_200])])
def test_a_version_that_halves_the_error_is_followed_once_and_one_that_does_not_as_before(
    before: float, expected: list[int]
) -> None:
    monitor = played(stream(retrain_from=400))
    monitor.buckets(10, 40)
    assert labels_when_asked(monitor) == [40, 400]
    monitor.version(2, gate={"champion_error": before})
    monitor.champion(2, 1)
    monitor.buckets(20, 20)
    follow_ups = monitor.asked[2:]
    assert [one.decision.model_version for one in follow_ups if one.decision] == [2] * len(follow_ups)
    assert labels_when_asked(monitor)[2:] == expected
    assert {one.decision.alarm_id for one in monitor.asked if one.decision} == {"e-sr.1.1.0"}


def test_after_a_rollback_the_alarm_goes_on() -> None:
    monitor = played(stream(retrain_from=400))
    monitor.buckets(10, 40)
    monitor.version(2, gate={"champion_error": 0.9})
    monitor.champion(2, 1, shadows=(1,))
    monitor.buckets(1, 40, version=2, pairs={(1, 1): 40})
    assert monitor.actions() == ["retrain", "retrain", "rollback"]
    monitor.champion(1)
    monitor.buckets(1, 8)
    newest = monitor.asked[-1].decision
    assert newest is not None
    assert (newest.model_version, newest.alarm_id, newest.evidence["labels"]) == (1, "e-sr.1.1.0", 480)


def test_after_a_rollback_that_an_operator_decided_on_it_does_not() -> None:
    monitor = played(stream(retrain_from=400))
    monitor.buckets(10, 40)
    monitor.version(2, gate={"champion_error": 0.9})
    monitor.champion(2, 1)
    monitor.champion(1)
    monitor.buckets(20, 4)
    assert labels_when_asked(monitor) == [40, 400]


def test_while_nothing_rings_challengers_are_asked_for_ever_more_seldom() -> None:
    monitor = played(stream(challenge_from=400))
    monitor.buckets(200, 4)
    asked = [one.decision for one in monitor.asked if one.decision]
    assert [one.ts for one in asked] == [10, 30, 70, 150]
    assert [one.alarm_id for one in asked] == [None] * 4
    shares = [one.evidence["alpha"] for one in asked]
    assert shares == pytest.approx([0.05 * 6 / math.pi**2 / j**2 for j in (1, 2, 3, 4)])
    monitor.version(2, gate={})
    monitor.champion(2, 1)
    monitor.buckets(10, 4, version=2)
    newest = monitor.asked[-1].decision
    assert newest is not None
    assert newest.decision_id == "challenge.2.2.1", "a promotion begins anew"


def test_while_a_challenger_is_on_trial_nothing_else_is_trained() -> None:
    monitor = played(stream(challenge_from=400))
    monitor.champion(1, canary=2)
    monitor.buckets(30, 4)
    monitor.buckets(10, 20)
    assert [asked.decision for asked in monitor.asked] == [None], "the alarm alone"


def test_another_champion_ends_the_alarm_and_is_watched_anew() -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.buckets(10, 16)
    monitor.version(2, gate={})
    monitor.champion(2, 1)
    monitor.buckets(50, 16)
    assert [one.drift is not None for one in monitor.asked] == [True, False], "a retrain follows version 2's"
    monitor.buckets(50, 4, version=2)
    monitor.buckets(10, 20, version=2)
    assert [one.decision.model_version for one in monitor.asked if one.decision] == [1, 2, 2]
    assert monitor.actions()[2] == "retrain", "the probation was over"


def test_on_probation_the_alarm_asks_for_a_rollback_and_then_for_retrains() -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.version(2, gate={})
    monitor.champion(2, 1)
    monitor.buckets(30, 20, version=2)
    assert monitor.actions() == ["rollback", "retrain", "retrain"], "nobody carried the rollback out"
    monitor.champion(1)
    monitor.buckets(10, 20)
    assert monitor.actions()[3:] == ["retrain"], "a version that came back by a rollback is not on probation"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ({(1, 1): 16, (1, 0): 24}, ["rollback"]),
        ({(1, 0): 40}, ["retrain"]),
        ({(1, -1): 1, (1, 1): 2}, ["retrain"]),
    ],
    ids=["worse", "as bad", "hardly worse"],
)
def test_on_probation_what_counts_is_whether_the_version_before_does_better_on_the_same_events(
    pairs: dict[tuple[int, int], int], expected: list[str]
) -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.version(2, gate={})
    monitor.champion(2, 1, shadows=(1,))
    monitor.buckets(5, 20, version=2, pairs=pairs)
    assert monitor.actions() == expected


def test_a_version_that_is_worse_than_the_one_before_goes_back_without_an_alarm() -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.version(2, gate={})
    monitor.champion(2, 1, shadows=(1,))
    monitor.buckets(10, 4, version=2, pairs={(1, 1): 2, (1, 0): 38})
    [asked] = monitor.asked
    assert asked.drift is None
    assert (asked.decision.action, asked.decision.target_version) == ("rollback", 1)
    assert asked.decision.reason == (
        "version 2 is better than version 1 on 0 of 160 events that both answered, worse on 8: evidence 56.8 "
        "of 20 that it is worse"
    ), "2^9 / 9, nobody being better on any"


def test_after_its_probation_a_version_is_compared_no_more() -> None:
    monitor = played()
    monitor.buckets(5, 4)
    monitor.version(2, gate={})
    monitor.champion(2, 1, shadows=(1,))
    monitor.buckets(12, 4, version=2, pairs={(1, -1): 3, (1, 1): 1, (1, 0): 36})
    assert monitor.asked == []
    monitor.buckets(1, 4, version=2)
    [asked] = monitor.asked
    assert (asked.decision.action, asked.decision.target_version, asked.drift) == ("reject", 1, None)
    assert "better than version 1 on 36 of 480 events" in asked.decision.reason
    monitor.buckets(20, 4, version=2, pairs={(1, 1): 10, (1, 0): 30})
    assert len(monitor.asked) == 1, "the shadow's last answers come late"


def test_without_a_previous_version_there_is_nothing_to_roll_back_to() -> None:
    monitor = played()
    monitor.buckets(10, 20)
    assert monitor.actions() == ["retrain"]


@pytest.mark.parametrize(("metrics", "expected"), [({}, ["rollback"]), ({"gate": {}}, [])])
def test_a_version_that_was_promoted_by_hand_must_not_be_worse_than_the_one_before_it_was(
    metrics: dict[str, object], expected: list[str]
) -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.version(2, loss_sum=250, **metrics)
    monitor.champion(2, 1)
    monitor.buckets(10, 20, version=2)
    assert monitor.actions() == expected


def test_after_an_alarm_the_one_before_is_measured_since_the_change() -> None:
    monitor = played()
    monitor.buckets(50, 4)
    monitor.buckets(6, 24)
    monitor.version(2, loss_sum=200)
    monitor.champion(2, 1)
    monitor.buckets(50, 16, version=2)
    assert monitor.actions() == ["retrain"], "0.4 by hand is better than the 0.6 that version 1 had come to"


def test_a_version_that_serves_again_does_not_answer_for_what_it_did_before() -> None:
    monitor = played()
    monitor.buckets(50, 4)
    old = joins.cell(49 * BUCKET, Tally(predictions=1), version=2)
    monitor.turn(old, joins.cell(60 * BUCKET, Tally(predictions=1)))
    monitor.version(2, gate={})
    monitor.champion(2, 1)
    monitor.now = 70
    monitor.turn(joins.cell(70 * BUCKET, Tally(predictions=1), version=2))
    monitor.champion(1)
    late = Tally(predictions=400, matched=400, loss=400 * exact.ONE)
    done = [Tally(matched=1), Tally(matched=1), Tally(matched=1)]
    monitor.turn(
        joins.cell(61 * BUCKET, late),
        *(
            joins.cell(at * BUCKET, tally, version=v)
            for at, tally, v in zip((49, 60, 70), done, (2, 1, 2), strict=True)
        ),
        joins.stands(0, 80 * BUCKET),
    )
    assert monitor.asked == []
    monitor.now = 80
    monitor.buckets(3, 40)
    assert monitor.actions() == ["retrain"]


def test_roles_of_the_same_champion_change_nothing_and_old_ones_are_passed_over() -> None:
    monitor = played()
    monitor.buckets(4, 16)
    monitor.champion(1)
    monitor.buckets(4, 16)
    monitor.epochs = count(1)
    monitor.champion(9)
    monitor.buckets(4, 16)
    assert len(monitor.asked) == 1


def test_without_a_gate_s_figures_no_alarm_can_ring() -> None:
    monitor = Played()
    monitor.version(1, rows=0)
    monitor.champion(1)
    monitor.buckets(50, 40)
    assert monitor.asked == []


def test_squared_errors_are_cut_at_the_gate_s_bound() -> None:
    monitor = Played(stream("regression"))
    monitor.version(1, loss_sum=900.0, bound=4.0, clipped_sum=700.0)
    monitor.champion(1)
    monitor.buckets(50, 4)
    assert monitor.asked == []
    monitor.buckets(8, 30)
    [asked] = monitor.asked
    assert asked.drift is not None
    assert asked.decision.evidence["error"] == pytest.approx((10 + 30 * 4) / 40)
    assert "each cut at 4" in asked.drift.message


def test_shadows_canaries_and_segments_ring_no_alarm() -> None:
    monitor = played()
    bad = Tally(predictions=500, matched=500, loss=500 * exact.ONE)
    for role, segment in (("shadow", None), ("canary", None), ("champion", ("country", "NO"))):
        monitor.turn(joins.cell(0, bad, role=role, segment=segment), joins.stands(0, BUCKET))
    assert monitor.asked == []


@pytest.mark.parametrize("seed", range(2))
def test_restarts_change_nothing(seed: int) -> None:
    asked = []
    for restarts in (False, True):
        chance, monitor = random.Random(seed), played()
        monitor.restarts = restarts
        for version in (1, 2, 3):
            monitor.version(version + 1)
            for _ in range(25):
                monitor.buckets(1, chance.choice((4, 4, 20)), version=version)
            monitor.champion(version + 1, version)
        asked.append(monitor.asked)
    assert asked[0] == asked[1]
    assert asked[0]
