"""Which strategy `auto` picks, how its formula's parts come out, and how the choice reaches roles."""

import math
from typing import Any

import joins
import pytest
from samples import settings
from trainings import NOW, Log, decision, draft

from events.records import Canary, Roles
from events.settings import Decisions
from events.topics import ROLES_KEY
from models import exact, non_inferiority, paired
from models.monitor_book import MonitorBook
from models.strategy import Gate, automatic, chosen, room, until_no_worse, until_worse
from models.tallies import Cell, Tally
from models.traffic import MOST, Newest, Traffic

AUTO = Decisions(strategy="auto")
HOUR, DAY = 3_600_000, 86_400_000
CLOSE = Gate(worse=8, better=10, rows=250)
QUICK = Traffic(events=1_000, labelled=1_000, span_ms=HOUR, label_wait_ms=1_000)
ORDER = ["shadow", "canary", "blue-green"]


def test_room_is_the_upper_bound_on_how_much_worse_it_may_be() -> None:
    assert room(CLOSE, 0.05) == pytest.approx((-2 + 1.6448536 * math.sqrt(19)) / 250)
    assert room(Gate(2, 90, 250), 0.05) == 0
    assert room(Gate(0, 0, 250), 0.05) == pytest.approx(1.6448536 / 250)
    assert room(Gate(10, 0, 10), 0.05) == 1


def test_the_labels_until_a_verdict_are_where_the_expected_counts_suffice() -> None:
    found = until_worse(0.06, 0.04, AUTO)
    assert found == 2_405
    assert paired.evidence(2_404 * 0.06, 2_404 * 0.04) < math.log(20) <= paired.evidence(144.3, 96.2)
    assert until_worse(0.05, 0.05, AUTO) == AUTO.trial
    assert until_no_worse(0.03, 0.05, AUTO) == 530
    before, then = (non_inferiority.wealth(n * 0.03, n * 0.92, n * 0.05, 0.02) for n in (529, 530))
    assert before < -math.log(non_inferiority.level(1, 0.05)) <= then
    assert until_no_worse(0.0, 0.01, AUTO) == 2_000, "the least number of events on which they differ"


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        (QUICK, "blue-green"),
        (Traffic(1_000, 1_000, HOUR, DAY), "canary"),
        (Traffic(1_000, 1_000, HOUR // 60, DAY), "shadow"),
        (Traffic(1_000, 50, HOUR, 1_000), "canary"),
        (Traffic(1_000, 0, HOUR, DAY), "shadow"),
    ],
    ids=["quick", "labels late", "and much traffic", "few labels", "none"],
)
def test_the_later_and_fewer_the_labels_and_the_more_the_traffic_the_less_is_risked(
    traffic: Traffic, expected: str
) -> None:
    assert automatic(AUTO, traffic, CLOSE).strategy == expected


def test_what_its_gate_has_shown_better_serves_at_once_however_late_labels_are() -> None:
    slow = Traffic(1_000, 100, HOUR // 60, 30 * DAY)
    assert automatic(AUTO, slow, Gate(2, 90, 250)).strategy == "blue-green"
    assert automatic(AUTO, slow, CLOSE).strategy == "shadow"


def test_the_dearer_an_error_the_less_is_risked() -> None:
    picks = [
        automatic(Decisions(strategy="auto", errors_at_risk=most), QUICK, CLOSE).strategy
        for most in (0, 1, 3, 4, 30, 31, 1_000)
    ]
    assert picks == ["shadow"] * 3 + ["canary"] * 2 + ["blue-green"] * 2
    assert picks == sorted(picks, key=ORDER.index)


def test_it_says_why_in_one_sentence_with_the_time_to_a_verdict_of_each() -> None:
    assert automatic(AUTO, Traffic(1_000, 1_000, HOUR, DAY), CLOSE).why == (
        "strategy auto: canary, as its gate (8 worse, 10 better of 250) leaves room for 0.021 more errors an "
        "event, before labels tell 527 with all traffic and 52.7 with a share of 10%, and 100 may be at "
        "risk; expected verdict: of shadow or canary in about 1 d (969 labels), of blue-green in about 1 d "
        "(500 labels)"
    )


@pytest.mark.parametrize("evidence", [{}, {"traffic": None}, {"traffic": {"events": "many"}}])
def test_where_nothing_is_known_it_is_a_canary(evidence: dict[str, Any]) -> None:
    choice = chosen(AUTO, evidence, CLOSE._asdict())
    assert (choice.strategy, choice.why) == (
        "canary", "strategy auto: canary, as it is not known how events and labels come",
    )  # fmt: skip
    assert chosen(Decisions(strategy="shadow"), evidence, {}) == ("shadow", "")


def test_traffic_is_that_of_the_newest_final_buckets() -> None:
    newest, delays = Newest(), {1_000: 150, 9_000: 150}
    for i in range(20):
        tally = Tally(predictions=300, matched=300, delays=delays)
        newest.take(Cell(1, "champion", None, i * 10), tally)
        newest.take(Cell(2, "canary", None, i * 10), Tally(predictions=50, matched=50))
        newest.take(Cell(2, "shadow", None, i * 10), tally)
    assert newest.traffic(10, DAY) == Traffic(1_050, 1_050, 30, 9_000)
    newest.take(Cell(1, "champion", None, 300), Tally(predictions=400, matched=100, delays=delays))
    assert newest.traffic(10, DAY) == Traffic(1_100, 800, 130, DAY), "one without a label waits the horizon"
    for i in range(40, 40 + 2 * MOST):
        newest.take(Cell(1, "champion", None, i * 10), Tally(predictions=1, matched=1))
    assert newest.traffic(10, DAY).events == MOST
    assert Newest().traffic(10, DAY) == Traffic()


@pytest.mark.parametrize(("strategy", "known"), [("auto", True), ("canary", False)])
def test_the_monitor_says_with_a_retrain_how_labels_come(strategy: str, *, known: bool) -> None:
    made = settings(
        windows={"length": "30ms", "bucket": "10ms"}, decisions={"strategy": strategy, "retrain_from": 500}
    )
    book = MonitorBook(made, 1)
    book.follow(
        b"version/1", draft(metrics={"rows": 500, "loss_sum": 50}).manifest(1, None, "d", 0).encoded()
    )
    book.follow(ROLES_KEY, Roles(epoch=1, ts=0, champion=1, decision_id="d").encoded())
    wrong = Tally(predictions=40, matched=40, loss=40 * exact.ONE, delays={7: 40})
    for at in range(0, 100, 10):
        for key, value in (joins.cell(at, wrong), joins.stands(0, at + 10)):
            book.take(key, value)
    [asked] = book.news(0, running=False).asked[:1]
    expected = {"events": 40, "labelled": 40, "span_ms": 10, "label_wait_ms": 7}
    assert asked.decision is not None
    assert asked.decision.evidence.get("traffic") == (expected if known else None)


@pytest.mark.parametrize(
    ("traffic", "canary"),
    [(QUICK, None), (Traffic(1_000, 1_000, HOUR, DAY), Canary(version=3, share=0.1)),
     (Traffic(1_000, 0, HOUR, DAY), Canary(version=3, share=0.0))],
)  # fmt: skip
def test_the_trainer_puts_the_challenger_where_it_is_picked_and_says_why(
    traffic: Traffic, canary: Canary | None
) -> None:
    log = Log(versions=2)
    log.settings = settings(decisions={"strategy": "auto"})
    evidence = {"traffic": {name: getattr(traffic, name) for name in traffic.__struct_fields__}}
    log.ask(decision("retrain", "d", evidence=evidence))
    trainer = log.trainer()
    log.go(trainer)
    gate = {"champion": 2, "champion_error": 0.1, "windows": [], **CLOSE._asdict()}
    log.jobs[0].end = draft(metrics={"rows": 250, "error": 0.09, "gate": gate})
    log.go(trainer, NOW + 1)
    assert (log.roles.champion, log.roles.canary) == (2 if canary else 3, canary)
    choice = automatic(AUTO, traffic, CLOSE)
    assert log.status("d")[1].endswith(f"on the newest 250 labelled events; {choice.why}")
    assert log.manifest(3).metrics["gate"]["strategy"] == choice.why
