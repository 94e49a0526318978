"""The joiner on a real Kafka: what labels and predictions end as, also when it is killed."""

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from streams import CLASSES, Stream, until

from events import topics
from events.internal import FINISH_KEY, Finish, LabelCounts, Standing
from events.records import Outcome
from events.settings import Kafka
from producers.finish import finish
from transport import clients

START = 1_700_000_000_000
HOUR = 3_600_000
SMALL = "joining = { memory_entries = 40, park_after = 30 }\n"


def body(extra: str = "") -> str:
    return extra + CLASSES.replace('classes = ["fraud", "ok"]', 'classes = ["fraud", "ok"]\nhorizon = "48h"')


def label(i: int, label: str = "ok", ts: int | None = None) -> bytes:
    return json.dumps({"event_id": f"e-{i}", "label": label, "ts": START + i if ts is None else ts}).encode()


def predicted(i: int, *, ts: int | None = None, source: str = "", **fields: Any) -> tuple[bytes, bytes]:
    record = {
        "event_id": f"e-{i}", "prediction_id": source or f"0-{i}", "ts": START + i if ts is None else ts,
        "scored_ts": START, "model_version": 1, "role": "champion", "prediction": "ok",
        "features": {"amount": 1.5, "country": "NO"}, "probabilities": {"fraud": 0.25, "ok": 0.75}, **fields,
    }  # fmt: skip
    return f"e-{i}".encode(), json.dumps(record).encode()


def send_keyed(stream: Stream, topic: topics.Topic, records: Iterator[tuple[bytes, bytes]]) -> None:
    producer = clients.producer(stream.settings.kafka)
    for key, value in records:
        producer.produce(stream.topic(topic), value, key)
    assert producer.flush(60) == 0


def source(stream: Stream, partition: int, ts: int | None, end: int, *, idle: bool = False) -> None:
    """Say how far a partition of `features` is, as its scorer would."""
    value = json.dumps({"ts": ts, "next": end, "idle": idle}).encode()
    stream.send([value], topics.SOURCES, f"features/{partition}".encode())


def counts(stream: Stream) -> Counter[str]:
    total: Counter[str] = Counter()
    for message in stream.read(topics.TALLIES):
        if message.key() == b"labels":
            total.update(LabelCounts.model_validate_json(message.value() or b"").model_dump())
    return total


def standings(stream: Stream) -> dict[int, Standing]:
    found = [
        Standing.model_validate_json(message.value() or b"")
        for message in stream.read(topics.TALLIES)
        if (message.key() or b"").startswith(b"joiner/")
    ]
    return {standing.partition: standing for standing in found}


def waiting(stream: Stream) -> tuple[int, int, int]:
    last = standings(stream).values()
    return (
        sum(s.waiting_predictions for s in last),
        sum(s.waiting_shadows for s in last),
        sum(s.waiting_labels for s in last),
    )


def headers(message: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers()}


def test_every_way_for_a_label_to_end(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, body())
    in_time = [label(i) for i in range(10)]
    bad = [b"{", b'{"event_id": "e-1", "label": "maybe"}', b'{"event_id": "e-1", "label": null}']
    labels = [*in_time, label(3), label(4, "fraud"), label(11, ts=START + 49 * HOUR), *bad, label(77)]
    stream.train()
    stream.send(stream.event(i) for i in range(20))
    stream.send(labels, topics.LABELS)
    with stream.scorer(), stream.joiner():
        outcomes = stream.await_records(topics.OUTCOMES, 10)
        letters = stream.await_messages(topics.DEAD_LETTERS, len(bad) + 1)
        until(lambda: True if waiting(stream) == (10, 0, 1) else None, "the standing")
    assert {o["event_id"] for o in outcomes} == {f"e-{i}" for i in range(10)}
    assert all(Outcome.model_validate(o).status == "matched" for o in outcomes)
    expected = Counter(read=17, matched=10, repeats=1, conflicts=1, late=1, refused=3, orphans=0)
    assert counts(stream) == expected
    reasons = Counter(headers(letter)["reason"] for letter in letters)
    assert reasons == {"not-json": 1, "unknown-label": 1, "missing-field": 1, "conflicting-label": 1}
    sources = {f"{m.topic()}-{m.partition()}-{m.offset()}": m for m in stream.read(topics.LABELS)}
    for letter in letters:
        origin = sources[headers(letter)["source"]]
        assert (letter.value(), letter.key()) == (origin.value(), origin.key())


def test_a_finish_settles_everything_that_was_sent(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, body())
    stream.train()
    stream.send(stream.event(i) for i in range(300))
    stream.send([*(label(i) for i in range(200)), label(999)], topics.LABELS)
    stop: list[bool] = []
    asked = Thread(target=lambda: finish(stream.settings, lambda: bool(stop), lambda _: None))
    asked.start()
    try:
        with stream.scorer(), stream.joiner():
            outcomes = stream.await_records(topics.OUTCOMES, 300)
            (letter,) = stream.await_messages(topics.DEAD_LETTERS, 1)
    finally:
        stop.append(True)
        asked.join()
    assert Counter(o["status"] for o in outcomes) == {"matched": 200, "expired": 100}
    assert headers(letter)["reason"] == "orphan-label"
    assert waiting(stream) == (0, 0, 0)
    assert {m.key() for m in stream.read(topics.SOURCES)} > {FINISH_KEY}
    assert len({s.finish for s in standings(stream).values()}) == 1


def test_expiry_waits_for_the_slowest_source(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, body())
    send_keyed(stream, topics.PREDICTIONS, (predicted(i) for i in range(9)))
    late = START + 60 * HOUR
    with stream.joiner():
        for partition in (0, 1):
            source(stream, partition, late, 5)
        producer = clients.producer(stream.settings.kafka)
        for p in range(3):  # a label moves its partition's time on, though it is an orphan to be
            producer.produce(stream.topic(topics.LABELS), label(900 + p, ts=late), partition=p)
        assert producer.flush(60) == 0
        until(lambda: True if waiting(stream) == (9, 0, 3) else None, "all to be read")
        assert all(standing.watermark is None for standing in standings(stream).values())
        source(stream, 2, START + 10, 5)
        until(lambda: True if watermarks(stream) == {START + 10} else None, "the watermark")
        assert stream.records(topics.OUTCOMES) == []
        source(stream, 2, late, 6)
        outcomes = stream.await_records(topics.OUTCOMES, 9)
        until(lambda: True if watermarks(stream) == {late} else None, "the watermark")
    assert {o["status"] for o in outcomes} == {"expired"}
    assert waiting(stream) == (0, 0, 3)


def watermarks(stream: Stream) -> set[int | None]:
    found = standings(stream)
    return {s.watermark for s in found.values()} if len(found) == 3 else set()


def test_an_idle_partition_is_left_out_until_something_stands_in_it(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, body('limits = { idle_after = "300ms" }\n'))
    send_keyed(stream, topics.PREDICTIONS, (predicted(i) for i in range(9)))
    with stream.joiner():  # which finds all partitions of labels idle
        source(stream, 0, START + 60 * HOUR, 5)
        source(stream, 1, None, 0, idle=True)
        source(stream, 2, START + 50 * HOUR, 0, idle=True)
        stream.await_records(topics.OUTCOMES, 9)
        until(lambda: True if watermarks(stream) == {START + 60 * HOUR} else None, "the watermark")


def test_an_idle_partition_with_something_unread_holds_the_watermark(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, body('limits = { idle_after = "300ms" }\n'))
    producer = clients.producer(stream.settings.kafka)
    producer.produce(stream.topic(topics.FEATURES), stream.event(1), partition=2)
    assert producer.flush(60) == 0
    send_keyed(stream, topics.PREDICTIONS, (predicted(i) for i in range(9)))
    with stream.joiner():
        source(stream, 0, START + 60 * HOUR, 0)
        source(stream, 1, None, 0, idle=True)
        source(stream, 2, START + HOUR, 0, idle=True)  # its scorer is down since
        until(lambda: True if watermarks(stream) == {START + HOUR} else None, "the watermark")
    assert stream.records(topics.OUTCOMES) == []


@pytest.mark.parametrize("extra", ["", SMALL], ids=["roomy", "parked and on disk"])
def test_a_joiner_killed_at_random_joins_each_answer_once(kafka: Kafka, tmp_path: Path, extra: str) -> None:
    stream = Stream(kafka, tmp_path, body(extra))
    chance = random.Random(1)
    rows = 3_000
    answers = [predicted(i) for i in range(rows)]
    shadows = [predicted(i, role="shadow", model_version=2) for i in range(0, rows, 3)]
    labels = {i: chance.choice(["fraud", "ok"]) for i in range(rows) if chance.random() < 0.8}
    order = sorted(labels, key=lambda i: i + chance.randint(0, 600))
    for kill in range(6):
        before = len(stream.read(topics.OUTCOMES))
        with stream.command("joiner", str(stream.path)) as process:
            send_keyed(stream, topics.PREDICTIONS, iter(answers[kill::6]))
            send_keyed(stream, topics.SHADOWS, iter(shadows[kill::6]))
            stream.send([label(i, labels[i]) for i in order[kill::6]], topics.LABELS)

            until(lambda b=before: True if len(stream.read(topics.OUTCOMES)) > b else None, "some outcomes")  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
    stream.send([Finish(ts=0, features={0: rows}, labels={}).encoded()], topics.SOURCES, FINISH_KEY)
    source(stream, 0, START, rows)
    with stream.joiner():
        outcomes = stream.await_records(topics.OUTCOMES, rows + len(shadows))
        until(lambda: True if waiting(stream) == (0, 0, 0) else None, "the finish")
    found = Counter((o["prediction_id"], o["role"]) for o in outcomes)
    assert set(found.values()) == {1}
    assert len(found) == rows + len(shadows)
    for outcome in outcomes:
        assert outcome["label"] == labels.get(int(outcome["event_id"][2:]))
        assert outcome["status"] == ("expired" if outcome["label"] is None else "matched")
    assert counts(stream)["read"] == counts(stream)["matched"] == len(labels)


def test_a_partition_that_moves_is_joined_on(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, body(SMALL))
    send_keyed(stream, topics.PREDICTIONS, (predicted(i) for i in range(600)))
    with stream.joiner(slot=0):
        until(lambda: True if waiting(stream) == (600, 0, 0) else None, "all to be read")
        with stream.joiner(slot=1):
            stream.send([label(i) for i in range(300)], topics.LABELS)
            stream.await_records(topics.OUTCOMES, 300)
        stream.send([label(i) for i in range(300, 600)], topics.LABELS)
        outcomes = stream.await_records(topics.OUTCOMES, 600)
    assert len({o["prediction_id"] for o in outcomes}) == len(outcomes) == 600
    assert counts(stream)["matched"] == 600
