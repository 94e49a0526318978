"""What `status` makes of what it read: the sums of I4, slots and services, and the page."""

from typing import Any

import pytest
from rich.console import Console

from console.counts import counts, watermark
from console.facts import Facts, VersionFacts
from console.pending import Pending
from console.service_facts import Position, ServiceFacts
from console.status_page import page
from console.workers import GONE_AFTER_MS, WorkerFacts, processes, scorers, service_state
from events.internal import LabelCounts, Process
from events.monitor_state import AnswerCounts, Totals, Waiting
from events.records import Metric, Worker

NOW = 1_700_000_000_000
HOUR = 3_600_000
TOTALS = Totals(
    answers={
        "champion": AnswerCounts(predictions=900, matched=700, expired=80),
        "canary": AnswerCounts(predictions=100, matched=70, expired=20),
        "shadow": AnswerCounts(predictions=500, matched=400),
    },
    labels=LabelCounts(read=820, refused=1, matched=770, repeats=2, conflicts=3, late=4, orphans=5),
    waiting=Waiting(predictions=130, shadows=100, labels=30),
    watermark=NOW - 24 * HOUR,
    newest=Metric(
        model_version=7, role="champion", from_ts=NOW - 48 * HOUR, to_ts=NOW - 36 * HOUR, final=True,
        predictions=1000, labelled=800, expired=200, coverage=0.8,
        error=0.05, error_low=0.04, error_high=0.24,
        values={"f1": 0.85}, label_delay_p50_ms=1000, label_delay_p99_ms=9000, segment=None,
    ),
)  # fmt: skip


def worker(slot: int, **fields: Any) -> dict[bytes, bytes]:
    record = {
        "ts": NOW,
        "epoch": 3,
        "champion": 7,
        "canary": None,
        "shadows": (),
        "error": None,
        "offsets": {},
    }
    name = f"scorer-{slot}"
    return {name.encode(): Worker(worker=name, **{**record, **fields}).encoded()}


def process(name: str, **fields: Any) -> dict[bytes, bytes]:
    return {name.encode(): Process(worker=name, process="host:1", **{"ts": NOW, **fields}).encoded()}


def states(workers: list[WorkerFacts]) -> dict[str, str]:
    return {worker.worker: worker.state for worker in workers}


def test_every_sum_of_i4_holds_by_what_its_terms_are() -> None:
    found = counts(TOTALS, NOW)
    assert found.predictions.model_dump() == {"read": 1000, "matched": 770, "expired": 100, "waiting": 130}
    assert found.shadows.model_dump() == {"read": 500, "matched": 400, "expired": 0, "waiting": 100}
    assert found.labels.model_dump() == {
        "read": 820, "matched": 770, "repeats": 2, "conflicts": 3, "late": 4, "orphans": 5, "refused": 1,
        "waiting": 35,
    }  # fmt: skip
    assert found.waiting_by_joiner == Waiting(predictions=130, shadows=100, labels=30)
    assert found.as_of_ts == NOW


def test_a_monitor_that_has_counted_nothing_gives_zeros() -> None:
    found = counts(Totals(answers={}, labels=LabelCounts(), newest=None), NOW)
    assert set(found.predictions.model_dump().values()) == {0}
    assert set(found.labels.model_dump().values()) == {0}


@pytest.mark.parametrize(
    ("totals", "newest", "behind"),
    [(TOTALS, NOW, 24 * HOUR), (TOTALS, NOW - 30 * HOUR, 0), (TOTALS, None, None), (None, NOW, None)],
)
def test_how_far_the_watermark_is_behind(
    totals: Totals | None, newest: int | None, behind: int | None
) -> None:
    found = watermark(totals, newest)
    assert (found.behind_ms, found.newest_event_ts) == (behind, newest)


def test_the_state_of_each_scorer() -> None:
    records = {
        **worker(0),
        **worker(10, error="roles name version 9, of which models has no manifest"),
        **worker(2, epoch=None, champion=None),
        **worker(3, ts=NOW - GONE_AFTER_MS - 1),
        b"scorer-4": b"{",
    }
    found = scorers(records, NOW)
    assert list(states(found).items()) == [
        ("scorer-0", "serving"), ("scorer-2", "waiting"), ("scorer-3", "gone"), ("scorer-10", "refusing"),
    ]  # fmt: skip
    assert found[2].seconds_ago == pytest.approx(30.001)


def test_the_state_of_each_other_slot() -> None:
    records = {
        **process("monitor-0", detail="measuring"),
        **process("monitor-1", detail="standing by"),
        **process("monitor-2", error="the state is not the offset's", ts=NOW - 9 * HOUR),
        **process("monitor-3", detail="standing by", ts=NOW - 9 * HOUR),
        **process("joiner-0"),
    }
    assert states(processes(records, "monitor", NOW)) == {
        "monitor-0": "running", "monitor-1": "standing by", "monitor-2": "failed", "monitor-3": "gone",
    }  # fmt: skip
    assert states(processes(records, "joiner", NOW)) == {"joiner-0": "running"}
    assert processes(records, "trainer", NOW) == []


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ({}, "none"),
        ({**process("monitor-0"), **process("monitor-1", error="it broke")}, "running"),
        (process("monitor-1", detail="standing by"), "standing by"),
        ({**process("monitor-0", error="it broke"), **process("monitor-1", ts=0)}, "failed"),
        (process("monitor-0", ts=0), "gone"),
    ],
)
def test_a_service_is_what_its_best_slot_is(records: dict[bytes, bytes], state: str) -> None:
    assert service_state(processes(records, "monitor", NOW)) == state


def test_a_service_of_which_one_refuses_says_so() -> None:
    assert service_state(scorers({**worker(0), **worker(1, error="no")}, NOW)) == "refusing"
    assert service_state(scorers(worker(0), NOW)) == "running"


def service(name: str, records: dict[bytes, bytes], **lags: int | None) -> ServiceFacts:
    workers = scorers(records, NOW) if name == "scorer" else processes(records, name, NOW)
    known = {f"payments.{topic.replace('_', '.')}": lag for topic, lag in lags.items()}
    return ServiceFacts(
        state=service_state(workers),
        group=f"scoreloop.payments.{name}",
        lag=sum(lag or 0 for lag in known.values()),
        lags={topic: lag or 0 for topic, lag in known.items()},
        offsets={
            topic: {"0": Position(committed=None if lag is None else 5, end=5 + (lag or 0), lag=lag)}
            for topic, lag in known.items()
        },
        workers=workers,
    )


def facts(**changes: Any) -> Facts:
    services = {
        "scorer": service("scorer", worker(0), features=0),
        "joiner": service("joiner", process("joiner-0"), labels=0, predictions=0),
        "monitor": service("monitor", process("monitor-0", detail="measuring"), internal_tallies=0),
    }
    roles = {
        "epoch": 3, "ts": NOW - 5 * HOUR, "champion": 7, "canary": {"version": 8, "share": 0.1},
        "shadows": [6],
    }  # fmt: skip
    metrics = {"error": 0.12345}
    known: dict[str, Any] = {
        "stream": "payments", "bootstrap_servers": "", "ts": NOW, "roles": roles, "why": None,
        "services": services,
        "versions": [VersionFacts(version=7, estimator="a tree", created_ts=0, metrics=metrics)],
        "counts": counts(TOTALS, NOW - 90_000), "watermark": watermark(TOTALS, NOW),
        "newest_window": TOTALS.newest, "pending": None, "topics": {},
    }  # fmt: skip
    return Facts(**{**known, **changes})


def shown(known: Facts, width: int = 110) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(page(known))
    return capture.get()


def test_the_page_of_a_stream_that_runs() -> None:
    text = shown(facts())
    for part in (
        "payments: version 7 (a tree, error 0.123) serves since epoch 3, 5h ago; canary 8 with 10%; shadows ",
        "labels 0, predictions 0",
        "counted up to 2023-11-14T22:11:50Z, 90s ago; nothing to count since",
        "│ predictions │ 1,000 │     770 │     100 │     130 │",
        "labels: 820 read = 770 matched + 2 repeats + 3 conflicts + 4 late + 5 orphans + 1 refused + 35 ",
        "watermark: 2023-11-13T22:13:20Z, 24h behind the newest event",
        "newest window: version 7, 2023-11-12T22:13:20Z to 2023-11-13T10:13:20Z, 1,000 predictions",
        "  coverage 80%, error 0.050, with the missing labels 0.040 to 0.240; label delay p50 1s, p99 9s",
    ):
        assert part in text
    assert len(text.splitlines()) <= 24, "one screen"


def test_the_page_of_a_stream_of_which_nothing_is_known() -> None:
    nothing = service("scorer", {}, features=3)
    services = {"scorer": nothing, "joiner": service("joiner", {}), "monitor": service("monitor", {})}
    text = shown(
        facts(roles=None, versions=[], services=services, counts=None, watermark=watermark(None, None),
              newest_window=None)
    )  # fmt: skip
    for part in (
        "payments: no version yet; run `scoreloop train",
        "│ features 3 ",
        "nobody runs the scorer, joiner, monitor; `scoreloop up STREAM.toml` runs every service",
        "nothing counted yet: no monitor has run",
        "watermark: not known before",
        "newest window: none of a champion is final yet",
    ):
        assert part in text


def test_the_page_says_what_is_wrong() -> None:
    crowd = {key: value for slot in range(5) for key, value in worker(slot).items()}
    slots = {**process("joiner-0", detail="restoring partition 2"), **process("joiner-1", error="[it] broke")}
    gone = {**process("monitor-0", ts=NOW - 3 * HOUR)}
    text = shown(
        facts(
            services={
                "scorer": service("scorer", crowd, features=7),
                "joiner": service("joiner", slots, labels=None),
                "monitor": service("monitor", gone, internal_tallies=12),
            }
        )
    )
    for part in (
        "5 serving",
        "joiner-1 failed 0ms ago, joiner-0 running",
        "monitor-0 gone 3h ago",
        "nobody runs the monitor;",
        "joiner-0: restoring partition 2",
        "joiner-1 says: [it] broke",
        "the joiner has no committed offset in payments.labels, partition 0",
        "; 12 tallies not counted yet",
    ):
        assert part in text


def test_the_page_says_why_these_serve() -> None:
    why = "version 8 on trial with 10% of the traffic: error 0.1 against the champion's 0.3"
    assert f"shadows 6\n  decided: {why}" in shown(facts(why=why), 200).replace(" \n", "\n")


def test_the_page_says_what_waits_for_approval_and_how_to_answer() -> None:
    waits = Pending(
        decision_id="alarm.1", since=NOW - HOUR, version=9, champion=7, why="error 0.1 against 0.3"
    )
    text = " ".join(shown(facts(pending=waits)).split())
    assert "version 9 waits for approval (alarm.1, asked for 60m ago): error 0.1 against 0.3; `" in text
    assert "`scoreloop approve STREAM.toml` makes it champion, `scoreloop reject STREAM.toml` turns" in text


def test_what_the_joiner_itself_counts_is_shown_where_it_differs() -> None:
    other = TOTALS.model_copy(update={"waiting": Waiting(predictions=131, shadows=100, labels=30)})
    assert "130 (joiner: 131) │" in shown(facts(counts=counts(other, NOW)))
    assert "joiner: 1" not in shown(facts())


def test_a_regression_has_no_bounds_and_an_empty_window_no_delay() -> None:
    assert TOTALS.newest is not None
    bare = {"error_low": None, "error_high": None, "label_delay_p50_ms": None, "label_delay_p99_ms": None}
    text = shown(facts(newest_window=TOTALS.newest.model_copy(update={**bare, "error": 1234.5})))
    assert text.splitlines()[-1].rstrip() == "  coverage 80%, error 1234"
