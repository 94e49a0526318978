"""A challenger on trial: how it gets there, the verdict that labels lead to, and what becomes of roles."""

from itertools import count
from typing import Any

import joins
import pytest
from compacted import keep
from samples import settings
from trainings import NOW, Log, decision, draft

from events.records import Canary, Decision, Roles
from events.topics import ROLES_KEY
from models.monitor_book import MonitorBook
from models.tallies import Tally

BUCKET, LABELS = 10, 50
Pairs = dict[tuple[int, int], int]


class Trying:
    """A monitor's book, restored after each turn, with version 1 as champion and others on trial."""

    def __init__(self, **decisions: Any) -> None:
        self.settings = settings(windows={"length": "30ms", "bucket": f"{BUCKET}ms"}, decisions=decisions)
        self.book = MonitorBook(self.settings, 1)
        self.asked: list[Decision] = []
        self._state: dict[bytes, bytes] = {}
        self._epochs, self._now = count(1), 0

    def roles(self, canary: int | None, champion: int = 1) -> None:
        on_trial = None if canary is None else Canary(version=canary, share=0.1)
        roles = Roles(epoch=next(self._epochs), ts=0, champion=champion, canary=on_trial, decision_id="d")
        self.book.follow(ROLES_KEY, roles.encoded())

    def buckets(self, number: int, canary: int, worse: int, better: int, champion: int = 1) -> None:
        """Buckets in which the canary is worse and better so often, where it served and as a shadow."""
        even = LABELS - worse - better
        served: Pairs = {(champion, 1): worse, (champion, 0): even // 2}
        along: Pairs = {(champion, -1): better, (champion, 0): even - even // 2}
        for _ in range(number):
            at = self._now * BUCKET
            self._now += 1
            self._turn(
                joins.cell(at, Tally(predictions=1, matched=1, pairs=served), version=canary, role="canary"),
                joins.cell(at, Tally(predictions=1, matched=1, pairs=along), version=canary, role="shadow"),
                joins.stands(0, at + BUCKET),
            )

    def _turn(self, *records: joins.Record) -> None:
        for key, value in records:
            self.book.take(key, value)
        self.asked += [asked.decision for asked in self.book.news(self._now, running=False).asked]
        for message in self.book.changes(f"turn {self._now}"):
            keep(self._state, message)
        self.book = MonitorBook.restored(self.settings, 1, self._state)


@pytest.mark.parametrize(
    ("worse", "better", "action", "finding"),
    [(1, 6, "promote", "no worse"), (6, 1, "reject", "worse"), (3, 3, "reject", "inconclusive")],
)
def test_labels_that_both_have_lead_to_one_verdict(
    worse: int, better: int, action: str, finding: str
) -> None:
    monitor = Trying(trial=1_000, margin=0.01)
    monitor.roles(canary=2)
    monitor.buckets(30, 2, worse, better)
    [asked] = monitor.asked
    assert (asked.action, asked.model_version, asked.target_version) == (action, 1, 2)
    assert asked.evidence["finding"] == finding
    assert asked.reason.startswith(
        f"version 2 is {finding[:5]}" if finding != "inconclusive" else "version 2 is nei"
    )
    compared = sum(asked.evidence[name] for name in ("better", "worse", "even"))
    assert f"of {compared} events that both answered" in asked.reason
    assert compared <= 1_000


def test_no_verdict_before_enough_events_on_which_they_differ() -> None:
    monitor = Trying(least_apart=60)
    monitor.roles(canary=2)
    monitor.buckets(9, 2, 0, 6)
    assert monitor.asked == []
    monitor.buckets(1, 2, 0, 6)
    assert [asked.action for asked in monitor.asked] == ["promote"]


def test_each_further_challenger_of_a_champion_needs_more() -> None:
    monitor, taken = Trying(least_apart=0, cooldown=0), []
    for canary, champion in ((2, 1), (3, 1), (4, 1), (5, 4)):
        monitor.roles(canary, champion)
        monitor.buckets(25, canary, 0, 1, champion)
        taken.append(monitor.asked[-1].evidence["better"])
        monitor.roles(None, champion)
    assert taken[0] < taken[1] < taken[2], "alpha is spent over them"
    assert taken[3] == taken[0], "a new champion's first"


def test_a_trial_that_roles_have_ended_has_no_verdict() -> None:
    monitor = Trying()
    monitor.roles(canary=2)
    monitor.buckets(2, 2, 0, 5)
    monitor.roles(canary=None)
    monitor.buckets(20, 2, 0, 5)
    assert monitor.asked == []


@pytest.mark.parametrize(
    ("approval", "actions"), [("manual", ["promote", "reject"]), ("automatic", ["promote"])]
)
def test_the_monitor_goes_on_watching_a_canary_that_waits(approval: str, actions: list[str]) -> None:
    monitor = Trying(approval=approval)
    monitor.roles(canary=2)
    monitor.buckets(10, 2, 1, 8)
    monitor.buckets(30, 2, 9, 0)
    assert [asked.action for asked in monitor.asked] == actions
    assert len({asked.decision_id for asked in monitor.asked}) == len(actions)


def trained(strategy: str) -> Log:
    """A retrain has passed its gate, against version 2."""
    log = Log(versions=2)
    log.settings = settings(training={"time_limit": "1m"}, decisions={"strategy": strategy})
    log.ask(decision("retrain", "d"))
    trainer = log.trainer()
    log.go(trainer)
    log.jobs[0].end = draft()
    log.go(trainer, NOW + 1)
    return log


@pytest.mark.parametrize(("strategy", "share"), [("canary", 0.1), ("shadow", 0.0)])
def test_a_challenger_that_passed_its_gate_is_put_on_trial(strategy: str, share: float) -> None:
    log = trained(strategy)
    assert (log.roles.champion, log.roles.canary) == (2, Canary(version=3, share=share))
    assert log.roles.shadows == (2, 3), "each answers what the other serves"
    assert log.status("d")[1].startswith(f"version 3 on trial with {share:.0%} of the traffic: error 0.031")
    assert log.manifest(3).parent_version == 2


@pytest.mark.parametrize(
    ("action", "champion", "shadows"), [("promote", 3, (2,)), ("reject", 2, ()), ("rollback", 1, (3,))]
)
def test_the_verdict_ends_the_trial_and_leaves_no_shadow_of_it(
    action: str, champion: int, shadows: tuple[int, ...]
) -> None:
    log = trained("canary")
    finding = {"promote": "no worse", "reject": "inconclusive", "rollback": ""}[action]
    target = None if action == "rollback" else 3
    log.ask(decision(action, "e", target_version=target, evidence={"finding": finding}))
    log.go(log.trainer())
    assert log.status("e")[0] == ("inconclusive" if action == "reject" else "done")
    assert (log.roles.champion, log.roles.shadows) == (champion, shadows)
    assert (log.roles.canary is None) == (action != "rollback"), (
        "a challenger outlives the champion's rollback"
    )


def test_no_second_challenger_is_trained_while_one_is_on_trial() -> None:
    log = trained("canary")
    log.ask(decision("retrain", "e"))
    log.go(log.trainer())
    assert log.status("e") == (
        "rejected", "version 3 is on trial as canary; reject it, or await the verdict",
    )  # fmt: skip
    assert len(log.jobs) == 1
