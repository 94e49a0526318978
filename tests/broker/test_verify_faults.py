"""`scoreloop verify` after faults inside the services: aborts, lost answers, open transactions, restarts.

Most of `make mutants` is held against this: a bug in what a fault exercises stands in the audit's findings.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

import pytest
from streams import CLASSES, PATIENCE_SECONDS, Stream, until
from trainings import decision

from consumers.monitor_service import run_monitor
from consumers.trainer.service import run_trainer
from events import topics
from events.monitor_state import TOTALS_KEY, Totals
from events.settings import Kafka
from producers.finish import finish
from transport import clients
from transport.transaction import ProducerLostError, TransactionAbortedError, TransactionalProducer
from verify.run import verified

MINUTE = 60_000
START = 1_699_999_200_000
"""Where a window starts."""
HORIZON, DELAY = 60, 5
"""In minutes; an event comes each minute, and most labels `DELAY` later."""
BODY = (
    "scoring = { batch_records = 10 }\njoining = { batch_records = 10 }\n"
    'windows = { length = "20m", bucket = "20m" }\n'
    'monitor.running_every = "100ms"\n'
    + CLASSES.replace('classes = ["fraud", "ok"]', f'classes = ["fraud", "ok"]\nhorizon = "{HORIZON}m"')
)
FAULTS = {2: "abort", 4: "answer lost", 6: "left open", **dict.fromkeys(range(10, 100, 5), "abort")}
"""By the number of a thread's commit."""
BEFORE, AFTER = 60, 140
"""Events up to the restart of the services, and in all."""
AHEAD = 70
"""An event whose label comes before the restart, and its prediction after."""


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Each service's commits fail as `FAULTS` says; what has happened so far."""
    real, commits, happened = TransactionalProducer._named, Counter[Thread](), Counter[str]()  # noqa: SLF001 (where a fault strikes)

    def named(self: TransactionalProducer, call: Callable[..., Any], until: float | None = None) -> None:
        ends = getattr(call, "__name__", "") == "commit_transaction"
        if current_thread() is main_thread() or not ends:
            real(self, call, until)
            return
        commits[current_thread()] += 1
        fault = FAULTS.get(commits[current_thread()], "")
        happened[fault] += 1
        if fault == "abort":
            raise TransactionAbortedError("planted")
        if fault != "left open":
            real(self, call, until)
        if fault:
            raise ProducerLostError("planted")

    monkeypatch.setattr(TransactionalProducer, "_named", named)
    return happened


def label(i: int, delay: int = DELAY, *, other: bool = False) -> bytes:
    name = ("fraud", "ok")[(i % 4 == 0) is other]
    return json.dumps({"event_id": f"e-{i}", "label": name, "ts": START + (i + delay) * MINUTE}).encode()


def missing(i: int) -> bool:
    return i % 10 == 3


def held_back(i: int) -> bool:
    """Whether an event's label comes in time, and after the restart."""
    return i % 10 == 6 and i < BEFORE


def send(stream: Stream, topic: topics.Topic, values: Iterable[bytes]) -> None:
    """Append records to all partitions in turn, so that none of them holds the watermark back."""
    producer = clients.producer(stream.settings.kafka)
    for i, value in enumerate(values):
        producer.produce(stream.topic(topic), value, partition=i % 3)
    assert producer.flush(60) == 0


def events(stream: Stream, numbers: Iterable[int]) -> Iterator[bytes]:
    return (stream.event(i, ts=START + i * MINUTE) for i in numbers)


@contextmanager
def services(stream: Stream) -> Iterator[list[BaseException]]:
    """All services run; what ended them is in what this yields."""
    failures: list[BaseException] = []
    with stream.scorer() as scoring, stream.joiner() as joining, stream.service(run_monitor, 0) as measuring:
        yield failures
        failures += [*scoring, *joining, *measuring]


def measured(stream: Stream, matched: int, watermark: int) -> bool:
    """Whether the monitor knows of so many matched answers, and of this event time, in minutes."""
    records = [m.value() for m in stream.read(topics.WINDOWS) if m.key() == TOTALS_KEY]
    totals = Totals.found(records[-1] or b"") if records else None
    if totals is None or totals.watermark is None or "champion" not in totals.answers:
        return False
    return totals.answers["champion"].matched >= matched and totals.watermark >= START + watermark * MINUTE


def waited(found: Callable[[], bool]) -> str:
    """What was waited for in vain, or nothing: the audit has the first word on why."""
    try:
        until(lambda: found() or None, "the services")
    except AssertionError as error:
        return str(error)
    return ""


def audited(stream: Stream, *also: object) -> dict[Any, dict[str, int]]:
    """The counts of an audit that finds nothing wrong; `also` is what must be empty, too."""
    report = verified(stream.settings, None, lambda *_: nullcontext(lambda _: None))
    if report.findings:
        pytest.fail("verify: " + "; ".join(f"{f.promise} {f.sentence}" for f in report.findings))
    assert [one for one in also if one] == []
    return report.checked


def test_every_fate_survives_every_fault(kafka: Kafka, tmp_path: Path, faults: Counter[str]) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    stream.train(seed=1)
    stream.train(seed=2)
    prompt = [i for i in range(BEFORE - DELAY) if not missing(i) and not held_back(i)]
    bad = [b"{", b'{"event_id": "e-1", "label": "maybe"}']
    with services(stream) as first:
        send(stream, topics.FEATURES, [*events(stream, range(BEFORE)), *events(stream, [8]), b"{"])
        send(stream, topics.LABELS, [*map(label, prompt), *bad, label(AHEAD)])
        late = waited(lambda: measured(stream, len(prompt), 40))
    audited(stream, late, first)
    with services(stream) as second:
        send(stream, topics.LABELS, [label(8, 9), label(4, 9, other=True), label(3, HORIZON + 1), label(-7)])
        send(stream, topics.LABELS, (label(i, 45) for i in filter(held_back, range(BEFORE))))
        send(stream, topics.FEATURES, events(stream, range(BEFORE, AFTER)))
        rest = [i for i in range(BEFORE - DELAY, AFTER) if not missing(i) and i not in {AHEAD, BEFORE - 4}]
        send(stream, topics.LABELS, map(label, rest))
        seconds = [0.0]
        finished = finish(stream.settings, lambda: seconds[-1] > PATIENCE_SECONDS, seconds.append)
    counts = audited(stream, not finished, second)
    matched = len(prompt) + 6 + len(rest) + 1
    assert counts["I1"] == {"events": 142, "waiting": 0, "predictions": 141, "dead letters": 1}
    assert counts["I4 answers"] == {
        "matched": matched,
        "expired": 141 - matched,
        "waiting": 0,
        "answers": 141,
    }
    fates = {
        "matched": matched,
        "repeats": 1,
        "conflicts": 1,
        "late": 1,
        "orphans": 1,
        "refused": 2,
        "waiting": 0,
    }
    assert counts["I4 labels"] == {**fates, "labels": sum(fates.values())}
    assert all(faults[fault] >= 3 for fault in FAULTS.values()), faults


def test_each_decision_is_acted_on_once_whatever_fails(
    kafka: Kafka, tmp_path: Path, faults: Counter[str]
) -> None:
    stream = Stream(kafka, tmp_path)
    for seed in (1, 2, 3):
        stream.train(seed=seed)
    actions = [("rollback", "r-1"), ("pause", "r-2"), ("rollback", "r-3"), ("resume", "r-4")]

    def ask(*numbers: int) -> None:
        for number in numbers:
            made = decision(actions[number][0], actions[number][1])
            stream.send([made.encoded()], topics.CONTROL, made.decision_id.encode())
            waited(lambda name=made.decision_id: settled(stream, name))  # type: ignore[misc]

    with stream.service(run_trainer, 0) as first:
        ask(0, 0, 1)
    with stream.service(run_trainer, 0) as second:
        ask(0, 2, 1, 3, 2)
    late = [name for _, name in actions if not settled(stream, name)]
    counts = audited(stream, first, second, late)
    assert (counts["I5"]["epochs"], counts["I5"]["decisions"]) == (5, 7)
    assert faults["abort"] >= 2, faults


def settled(stream: Stream, decision_id: str) -> bool:
    return any(m.key() == topics.decision_key(decision_id) for m in stream.read(topics.MODELS))
