import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import NewTopic

from events.outputs import Output, Outputs
from events.settings import Kafka
from events.topics import DEAD_LETTER_MAX_BYTES, MEBIBYTE
from ops.broker import cluster
from ops.broker.ports import LOOPBACK, Claims
from transport import clients
from transport.transaction import TransactionAbortedError, TransactionalProducer

SCORELOOP = Path(sys.executable).with_name("scoreloop")
LIMIT_SECONDS = 100

Answer = subprocess.CompletedProcess[str]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "broker"
    cluster.stop(tmp_path / "broker", say=print)


def command(action: str, data: Path, *options: object) -> list[str]:
    return [str(SCORELOOP), "broker", action, "--data", str(data), *map(str, options)]


def broker(action: str, data: Path, *options: object, **environ: str) -> Answer:
    """The command, run to the end of its output: one that a broker held open would never end."""
    return subprocess.run(
        command(action, data, *options),
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
        env={**os.environ, **environ},
    )


def facts(data: Path) -> Any:
    return json.loads(broker("status", data, "--json").stdout)


def create(kafka: Kafka, topic: str, **config: str) -> None:
    admin = clients.reached(kafka)
    new = NewTopic(topic, num_partitions=1, config={k.replace("_", "."): v for k, v in config.items()})
    admin.create_topics([new])[topic].result(10)


def commit(kafka: Kafka, topic: str, value: bytes) -> None:
    producer = TransactionalProducer(kafka, f"{topic}-writer", open_seconds=60)
    try:
        producer.commit(Outputs(single=[Output(topic, key=None, value=value)]))
    finally:
        producer.close()


def values(kafka: Kafka, topic: str, count: int) -> list[bytes | None]:
    consumer = clients.consumer(kafka, "reader")
    consumer.assign([TopicPartition(topic, 0, 0)])
    try:
        return [message.value() for message in consumer.consume(count, timeout=20)]
    finally:
        consumer.close()


def test_a_broker_is_started_looked_at_and_stopped(data: Path) -> None:
    started = broker("start", data, "--port", 0)
    assert started.returncode == 0, started.stderr
    name, _, address = started.stdout.strip().partition("=")
    assert (name, address.partition(":")[0]) == ("bootstrap_servers", LOOPBACK)
    assert "broker stop --data" in started.stderr

    again = broker("start", data)
    assert (again.returncode, again.stdout) == (0, started.stdout)
    assert "already runs" in again.stderr

    status = broker("status", data, "--json")
    assert status.returncode == 0
    said = json.loads(status.stdout)
    assert said["running"] is True
    assert said["bootstrap_servers"] == address
    assert said["kafka"] == "4.3.0"
    assert Path(said["nodes"][0]["log"]).is_file()
    assert f"pid {said['nodes'][0]['pid']}" in broker("status", data).stdout
    other_port = broker("start", data, "--port", 1)
    assert (other_port.returncode, other_port.stdout) == (1, "")
    assert "stop it first" in other_port.stderr

    stopped = broker("stop", data)
    assert (stopped.returncode, stopped.stdout) == (0, "")
    assert stopped.stderr.startswith("stopped the broker")
    assert broker("stop", data).stderr.startswith("no broker was running")
    assert broker("status", data).returncode == 1


def test_a_killed_broker_goes_on_with_its_records_on_its_port(data: Path) -> None:
    address = cluster.start(data, port=0, say=print).bootstrap_servers
    assert address is not None
    kafka = Kafka(bootstrap_servers=address)
    create(kafka, "kept")
    commit(kafka, "kept", b"before")
    os.kill(facts(data)["nodes"][0]["pid"], signal.SIGKILL)

    down = broker("status", data)
    assert (down.returncode, "not running" in down.stdout) == (1, True)
    assert broker("start", data).stdout == f"bootstrap_servers={address}\n"
    commit(kafka, "kept", b"after")
    assert values(kafka, "kept", 2) == [b"before", b"after"]


def test_starts_at_the_same_time_share_a_folder_and_never_a_port(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    starts = [
        subprocess.Popen(command("start", folder), stdout=subprocess.PIPE, text=True)
        for folder in (data, data, other)
    ]
    try:
        first, second, third = (start.communicate(timeout=LIMIT_SECONDS)[0] for start in starts)
        assert [start.returncode for start in starts] == [0, 0, 0]
        assert first == second != third
    finally:
        assert broker("stop", other).stderr.startswith("stopped the broker")


def test_a_taken_port_is_one_sentence(data: Path) -> None:
    with Claims() as claims:
        port = claims.take_any()
        answer = broker("start", data, "--port", port)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"scoreloop: port {port} is taken")
    assert answer.stderr.count("\n") == 1


def test_a_machine_without_java_is_told_what_to_install(data: Path) -> None:
    answer = broker("start", data, PATH="")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no `java` on PATH" in answer.stderr
    assert "install Java 17" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("place", ["/proc/none", __file__])
def test_a_folder_that_cannot_be_is_one_sentence(place: str) -> None:
    answer = broker("start", Path(place))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"scoreloop: no broker can live in {place}")
    assert answer.stderr.count("\n") == 1


def test_a_broker_that_dies_while_starting_leaves_its_last_words(data: Path) -> None:
    storage = data / "node-1" / "topics"
    storage.mkdir(parents=True)
    (storage / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=another\n")
    answer = broker("start", data, "--port", 0)
    assert (answer.returncode, answer.stdout) == (1, "")
    sentence = answer.stderr.splitlines()[-1]
    assert sentence.startswith("scoreloop: the broker died while starting: ")
    assert "node ID" in sentence or "node id" in sentence
    assert str(data / "node-1" / "broker.log") in sentence


def test_ctrl_c_stops_a_half_started_broker(data: Path) -> None:
    with subprocess.Popen(command("start", data, "--port", 0), stderr=subprocess.PIPE, text=True) as start:
        until = time.monotonic() + LIMIT_SECONDS
        while not any(node["pid"] for node in facts(data)["nodes"]):
            assert time.monotonic() < until
        start.send_signal(signal.SIGINT)
        _, told = start.communicate(timeout=LIMIT_SECONDS)
    assert start.returncode == 130
    assert "stopping what was started" in told
    assert facts(data)["nodes"][0]["pid"] is None


def test_the_widest_dead_letter_fits_its_topic_and_no_other(kafka: Kafka) -> None:
    create(kafka, "narrow")
    create(kafka, "wide", max_message_bytes=str(DEAD_LETTER_MAX_BYTES))
    commit(kafka, "wide", os.urandom(DEAD_LETTER_MAX_BYTES - 1024))
    with pytest.raises(TransactionAbortedError):
        commit(kafka, "narrow", os.urandom(2 * MEBIBYTE))


def test_a_topic_that_nobody_made_does_not_appear(kafka: Kafka) -> None:
    producer = clients.producer(kafka)
    asked = producer.list_topics("mistyped", timeout=10).topics["mistyped"]
    assert asked.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert "mistyped" not in producer.list_topics(timeout=10).topics
    producer.close()


def test_three_brokers_take_a_transaction_when_one_is_killed(data: Path) -> None:
    started = broker("start", data, "--port", 0, "--brokers", 3)
    assert started.returncode == 0, started.stderr
    said = facts(data)
    assert len(said["bootstrap_servers"].split(",")) == 3
    kafka = Kafka(bootstrap_servers=said["bootstrap_servers"])
    create(kafka, "kept")
    commit(kafka, "kept", b"three")

    os.kill(said["nodes"][0]["pid"], signal.SIGKILL)
    commit(kafka, "kept", b"two")
    assert values(kafka, "kept", 2) == [b"three", b"two"]
    assert [node["pid"] is None for node in facts(data)["nodes"]] == [True, False, False]
    assert "holds a cluster of 3" in broker("start", data, "--brokers", 2).stderr
    assert broker("start", data).returncode == 0
    assert facts(data)["running"] is True
