"""Java's own client on the other side: what it writes is scored, and it reads what was scored."""

import json
import subprocess
from pathlib import Path

import pytest
from streams import Stream

from events import topics
from events.settings import Kafka

POM = Path(__file__).with_name("java") / "pom.xml"
PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
COUNT = 200


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jars")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    subprocess.run(["mvn", "--batch-mode", "--quiet", "--file", str(POM), *goal], check=True)
    return folder


def java(jars: Path, program: str, *arguments: str, given: str = "") -> str:
    command = ["java", "-Dlog4j2.level=ERROR", "-cp", f"{jars}/*", program, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.fixture(scope="module")
def scored(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory, jars: Path) -> Stream:
    """A stream whose events Java's console producer wrote, with keys, and which has scored them."""
    stream = Stream(kafka, tmp_path_factory.mktemp("stream"))
    stream.train()
    lines = "".join(f"e-{i}\t{stream.event(i).decode()}\n" for i in range(COUNT))
    features = ["--topic", stream.topic(topics.FEATURES), "--reader-property", "parse.key=true"]
    java(jars, PRODUCER, "--bootstrap-server", kafka.bootstrap_servers, *features, given=lines)
    with stream.scorer():
        stream.await_records(topics.PREDICTIONS, COUNT)
    return stream


def test_java_reads_what_became_of_the_events_that_it_wrote(kafka: Kafka, scored: Stream, jars: Path) -> None:
    topic = ["--topic", scored.topic(topics.PREDICTIONS), "--from-beginning", "--max-messages", str(COUNT)]
    committed = ["--isolation-level", "read_committed"]
    read = java(jars, CONSUMER, "--bootstrap-server", kafka.bootstrap_servers, *topic, *committed)
    ids = [json.loads(line)["event_id"] for line in read.splitlines()]
    assert sorted(ids) == sorted(f"e-{i}" for i in range(COUNT))


def test_java_finds_the_same_partition_for_a_key(scored: Stream) -> None:
    by_java = {message.key(): message.partition() for message in scored.read(topics.FEATURES)}
    by_us = {message.key(): message.partition() for message in scored.read(topics.PREDICTIONS)}
    assert len(set(by_java.values())) > 1
    assert by_us == by_java


def test_labels_that_java_sends_without_key_are_all_joined(kafka: Kafka, scored: Stream, jars: Path) -> None:
    labels = {f"e-{i}": ["fraud", "ok"][i % 3 == 0] for i in range(COUNT)}
    known = json.loads(scored.event(COUNT))["ts"]
    records = [{"event_id": name, "label": label, "ts": known} for name, label in labels.items()]
    lines = "".join(f"{json.dumps(record)}\n" for record in records)
    topic = ["--topic", scored.topic(topics.LABELS)]
    java(jars, PRODUCER, "--bootstrap-server", kafka.bootstrap_servers, *topic, given=lines)
    sent = scored.read(topics.LABELS)
    assert {message.key() for message in sent} == {None}
    with scored.joiner():
        outcomes = scored.await_messages(topics.OUTCOMES, COUNT)
    found = [json.loads(message.value() or b"") for message in outcomes]
    assert {outcome["event_id"]: outcome["label"] for outcome in found} == labels
    assert {outcome["status"] for outcome in found} == {"matched"}
    by_event = {json.loads(m.value() or b"")["event_id"].encode(): m.partition() for m in sent}
    assert any(by_event[message.key() or b""] != message.partition() for message in outcomes)
