"""`scoreloop offsets` on a real Kafka: a halted service, the recorded way past, and the audit after it."""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions
from streams import CLASSES, Stream, until

from console.offsets import offsets
from consumers.intake import HaltError, Intake
from consumers.monitor_service import run_monitor
from events import topics
from events.internal import Skip
from events.settings import Kafka
from producers.finish import finish
from transport import clients, skipping
from transport.topics import partitions
from verify.report import Report
from verify.run import verified

START = 1_700_000_000_000


def send(stream: Stream, topic: topics.Topic, values: Iterable[bytes], partition: int) -> None:
    producer = clients.producer(stream.settings.kafka)
    for value in values:
        producer.produce(stream.topic(topic), value, partition=partition)
    assert producer.flush(60) == 0


def deleted(stream: Stream, topic: topics.Topic, partition: int, before: int) -> None:
    client = clients.admin(stream.settings.kafka)
    place = TopicPartition(stream.topic(topic), partition, before)
    client.delete_records([place])[place].result(30)


def call(stream: Stream, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(offsets, [command, str(stream.path), *arguments])


def skipped(stream: Stream, service: str, topic: str, partition: int, to: str) -> Result:
    place = ("--group", service, "--topic", topic, "--partition", str(partition))
    return call(stream, "skip", *place, "--to", to, "--reason", "a test", "--yes")


def audited(stream: Stream) -> Report:
    report = verified(stream.settings, None, lambda *_: nullcontext(lambda _: None))
    if report.findings:
        pytest.fail("verify: " + "; ".join(f"{f.promise} {f.sentence}" for f in report.findings))
    return report


def test_a_scorer_whose_records_are_gone_halts_and_goes_on_after_a_skip(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    for partition in range(3):
        send(stream, topics.FEATURES, map(stream.event, range(10)), partition)
    with stream.scorer() as failures:
        stream.await_records(topics.PREDICTIONS, 30)
    assert failures == []
    for partition in range(3):
        send(stream, topics.FEATURES, map(stream.event, range(10, 20)), partition)
    deleted(stream, topics.FEATURES, 2, 15)
    with stream.scorer() as failures:
        [failure] = until(lambda: failures or None, "the halt")
    assert isinstance(failure, HaltError)
    assert "`scoreloop offsets show STREAM.toml` says how many" in str(failure)
    shown = call(stream, "show", "--group", "scorer").output
    assert "gone (5 lost)" in shown
    done = skipped(stream, "scorer", "features", 2, "begin")
    assert done.exit_code == 0, done.output
    assert "it passes over 5 offsets, 10 to 14: those events get neither" in done.output
    with stream.scorer():
        stream.await_records(topics.PREDICTIONS, 55)
    report = audited(stream)
    [(sentence, number)] = [one for one in report.not_checked.items() if "skip" in one[0]]
    assert (number, "offsets 10 to 14 of features-2" in sentence, "(a test)" in sentence) == (5, True, True)
    facts = json.loads(call(stream, "show", "--group", "scorer", "--json").output)
    assert {place["state"] for place in facts["positions"]} == {"ok"}
    assert [(s["service"], s["from_offset"], s["to_offset"]) for s in facts["skips"]] == [("scorer", 10, 15)]
    assert ", by " in call(stream, "show").output


def test_an_added_partition_halts_the_scorer_until_it_has_an_offset(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    client, name = clients.admin(kafka), stream.topic(topics.FEATURES)
    client.create_partitions([NewPartitions(name, 4)])[name].result(30)
    until(lambda: True if partitions(client, stream.settings)[name] == 4 else None, "the partition")
    send(stream, topics.FEATURES, map(stream.event, range(5)), 3)
    with stream.scorer() as failures:
        [failure] = until(lambda: failures or None, "the halt")
    assert f"{name}-3: the offset to go on from does not exist (" in str(failure)
    assert "the group never had one" in str(failure)
    assert "none" in call(stream, "show", "--group", "scorer").output
    done = skipped(stream, "scorer", "features", 3, "begin")
    assert "it passes over 0 offsets" in done.output
    with stream.scorer():
        stream.await_records(topics.PREDICTIONS, 5)
    assert audited(stream).not_checked == {}


def test_a_group_with_members_is_left_alone(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skipping, "EMPTY_SECONDS", 1.0)
    stream = Stream(kafka, tmp_path)
    send(stream, topics.FEATURES, map(stream.event, range(10)), 0)
    group = topics.group(stream.settings.name, topics.SCORER)
    member = Intake(stream.settings, [topics.FEATURES], group, "scorer-9")
    try:
        until(lambda: member.gather().began, "partitions")
        refused = skipped(stream, "scorer", "features", 0, "end")
    finally:
        member.close()
    assert "stop every process of the service first" in str(refused.exception)
    assert stream.read(topics.SKIPS) == []
    facts = json.loads(call(stream, "show", "--group", "scorer", "--json").output)
    assert [place["committed"] for place in facts["positions"]] == [0, 0, 0]


def test_what_a_service_was_made_to_skip_is_no_broken_promise(kafka: Kafka, tmp_path: Path) -> None:
    body = CLASSES.replace('classes = ["fraud", "ok"]', 'classes = ["fraud", "ok"]\nhorizon = "1h"')
    stream = Stream(kafka, tmp_path, body)
    stream.train()
    for partition in range(3):
        numbers = range(partition, 60, 3)
        send(stream, topics.FEATURES, (stream.event(i, ts=START + i) for i in numbers), partition)
        labels = [{"event_id": f"e-{i}", "label": "ok", "ts": START + i} for i in numbers]
        send(stream, topics.LABELS, [json.dumps(label).encode() for label in labels], partition)
    assert skipped(stream, "scorer", "features", 1, "15").exit_code == 0
    with stream.scorer():
        stream.await_records(topics.PREDICTIONS, 45)
    assert skipped(stream, "joiner", "labels", 0, "end").exit_code == 0
    assert skipped(stream, "joiner", "predictions", 0, "end").exit_code == 0
    ends = [m.partition() for m in stream.read(topics.PREDICTIONS)]
    unjoined = ends.count(0)
    seconds = [0.0]
    with stream.joiner() as joining, stream.service(run_monitor, 0) as measuring:
        assert finish(stream.settings, lambda: seconds[-1] > 60, seconds.append)
    assert [*joining, *measuring] == []
    report = audited(stream)
    assert report.checked["I4 answers"]["answers"] == 45 - unjoined == len(stream.read(topics.OUTCOMES))
    assert report.checked["I4 labels"]["labels"] == 40
    assert report.checked["I4 windows"]["compared"]
    assert sorted(report.not_checked.values()) == sorted([15, 20, skips(stream)["predictions"]])


def skips(stream: Stream) -> dict[str, int]:
    found = [Skip.model_validate_json(m.value() or b"") for m in stream.read(topics.SKIPS)]
    return {one.topic: len(one.passed_over) for one in found}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scorer", "labels", 0, "end"), "scorer reads features"),
        (("scorer", "features", 3, "end"), "there is no partition 3"),
        (("scorer", "features", 0, "99"), "give `begin`, `end` or an offset from 0 to 0"),
        (("scorer", "features", 0, "-1"), "give `begin`, `end` or an offset from 0 to 0"),
        (("scorer", "features", 0, "begin"), "only what lies behind that can be skipped"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_skipped_is_one_sentence(
    kafka: Kafka, tmp_path: Path, arguments: tuple[str, str, int, str], words: str
) -> None:
    stream = Stream(kafka, tmp_path)
    result = skipped(stream, *arguments)
    assert result.exit_code != 0
    assert words in f"{result.output}{result.exception}"
    assert stream.read(topics.SKIPS) == []
