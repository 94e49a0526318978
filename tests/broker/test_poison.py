"""Odd records through the real scorer and joiner: each ends by its name, and no neighbour is harmed."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from poison import AMOUNTS, CLASSES, EVENTS, FEATURES, KEY, TAKEN, TRUTHS, Odd, event
from streams import PATIENCE_SECONDS, Stream, until

from consumers.join.service import run_joiner
from consumers.monitor_service import run_monitor
from consumers.service import run_scorer
from events import topics
from events.internal import Standing
from events.records import Drift
from events.refusals import Reason
from events.settings import Kafka
from producers.finish import finish
from transport import clients
from verify.run import verified

OVERFLOWS = frozenset({"features.amount: the largest double"})
"""What a linear regression answers with infinity."""
BATCHES = 'scoring = { batch_records = 200, batch_wait = "50ms" }\njoining = { batch_records = 200 }\n'


def with_neighbours(odd: list[Odd], value: Any) -> Iterator[Odd]:
    for i, one in enumerate(odd):
        yield one
        yield Odd(f"good {i}", json.dumps(value(i)).encode(), TAKEN)


def good_event(i: int) -> dict[str, Any]:
    return {**event(i), "event_id": f"good-{i}"}


def named(value: bytes | None) -> str:
    """The event_id in a record that is taken."""
    return str(json.loads(value or b"", parse_int=str)["event_id"])  # which has no bound on digits


def send(stream: Stream, topic: topics.Topic, records: Iterable[Odd]) -> dict[str, Odd]:
    """Source → record; a record and the next but two lie in one partition."""
    producer = clients.producer(stream.settings.kafka, message_max_bytes=2_000_000)
    sent = {}
    for i, record in enumerate(records):
        producer.produce(stream.topic(topic), record.value, record.key, partition=i % 3)
        producer.poll(0)
        sent[f"{stream.topic(topic)}-{i % 3}-{i // 3}"] = record
    assert producer.flush(PATIENCE_SECONDS) == 0
    return sent


def ends(stream: Stream) -> dict[str, str]:
    """Source → reason, of all dead letters."""
    found: dict[str, str] = {}
    for letter in stream.read(topics.DEAD_LETTERS):
        headers: Any = dict(letter.headers() or [])
        source = headers["source"].decode()
        assert source not in found, "refused twice"
        found[source] = headers["reason"].decode()
    return found


def refused(sent: dict[str, Odd], fails: Collection[str] = ()) -> dict[str, str]:
    """What has to be refused of what was sent, where scoring `fails` on some that are taken."""
    reasons = {
        source: Reason.SCORING_FAILED if odd.name in fails else odd.reason for source, odd in sent.items()
    }
    return {source: reason.value for source, reason in reasons.items() if reason is not TAKEN}


def waiting(stream: Stream) -> int:
    last = {
        message.key(): Standing.model_validate_json(message.value() or b"").waiting_predictions
        for message in stream.read(topics.TALLIES)
        if (message.key() or b"").startswith(b"joiner/")
    }
    return sum(last.values())


def labelled_too(truths: list[Odd]) -> Iterator[Odd]:
    """An event for each label that will be taken."""
    there = {named(odd.value) for odd in EVENTS if odd.reason is TAKEN}
    number = count(5_000)
    for odd in truths:
        if odd.reason is TAKEN and (event_id := named(odd.value)) not in there:
            value = json.dumps({**event(next(number)), "event_id": event_id}).encode()
            yield Odd(f"labelled by {odd.name}", value, TAKEN, KEY)


@pytest.mark.parametrize(
    ("task", "body", "truths", "label", "fails"),
    [("classification", CLASSES, TRUTHS, "ok", ()), ("regression", "", AMOUNTS, 1.5, OVERFLOWS)],
    ids=["classification", "regression"],
)
def test_every_odd_record_ends_by_its_name(
    kafka: Kafka,
    tmp_path: Path,
    task: str,
    body: str,
    truths: list[Odd],
    label: Any,
    fails: Collection[str],
) -> None:
    stream = Stream(kafka, tmp_path, f"{BATCHES}{FEATURES}{body}", task)
    stream.train()
    events = [*with_neighbours(EVENTS, good_event), *labelled_too(truths)]
    labels = list(with_neighbours(truths, lambda i: {"event_id": f"good-{i}", "label": label}))
    with ExitStack() as services:
        failures = [
            services.enter_context(stream.service(run, 0)) for run in (run_scorer, run_joiner, run_monitor)
        ]
        expected = refused(sent := send(stream, topics.FEATURES, events), fails)
        answered = len(sent) - len(expected)
        stream.await_messages(topics.PREDICTIONS, answered)
        until(lambda: True if waiting(stream) == answered else None, "the joiner to know them")
        expected |= refused(send(stream, topics.LABELS, labels))
        stream.await_messages(topics.DEAD_LETTERS, len(expected))
        finish(stream.settings, lambda: False, lambda _: None)
        outcomes = stream.await_records(topics.OUTCOMES, answered)
        report = verified(stream.settings, 100, lambda *_: nullcontext(lambda _: None))
        assert failures == [[], [], []]
    assert ends(stream) == expected
    taken = {named(odd.value) for odd in events if odd.reason is TAKEN and odd.name not in fails}
    assert {p["event_id"] for p in stream.records(topics.PREDICTIONS)} == taken
    assert len(outcomes) == answered == len(taken)
    matched = {outcome["event_id"] for outcome in outcomes if outcome["status"] == "matched"}
    assert matched == {named(odd.value) for odd in labels if odd.reason is TAKEN}
    assert report.holds, report.findings


def rung(stream: Stream) -> list[str]:
    """The sources that alarms on refused records have named, in order."""
    drifts = [Drift.model_validate(record) for record in stream.records(topics.DRIFT)]
    assert {(drift.kind, drift.detector, drift.model_version) for drift in drifts} <= {
        ("quality", "bad-records", 1)
    }
    return [drift.message.split(" of ")[2].split()[0] for drift in drifts]


def test_too_many_bad_records_ring_once_an_excursion_and_stop_nothing(kafka: Kafka, tmp_path: Path) -> None:
    limits = "limits = { bad_records_share = 0.1, bad_records_over = 100 }\n"
    stream = Stream(kafka, tmp_path, f"{limits}{FEATURES}{CLASSES}")
    stream.train()
    good = (json.dumps(good_event(i)).encode() for i in count())

    def send_events(well: int, badly: int) -> None:
        stream.send([*islice(good, well), *[b"{"] * badly])

    def await_rung(sources: list[str]) -> None:
        until(lambda: True if rung(stream) == sources else None, f"alarms on {sources}")

    with ExitStack() as services:
        failures = [services.enter_context(stream.service(run, 0)) for run in (run_scorer, run_joiner)]
        with stream.service(run_monitor, 0):
            send_events(100, 0)
            send_events(0, 50)
            await_rung(["features"])
        with stream.service(run_monitor, 0) as failed:
            send_events(0, 300)
            stream.send([b"[]"] * 50, topics.LABELS)
            await_rung(["features", "labels"])
            for sent in (250, 400, 550):  # each more than one block
                send_events(150, 0)
                stream.await_messages(topics.PREDICTIONS, sent)
            send_events(0, 50)
            await_rung(["features", "labels", "features"])
        assert [*failures, failed] == [[], [], []]
