"""Sends a stream's records in an order of one's own, and hurts the joiner on the way: see shuffling.py."""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, cast

import msgspec
from soak.processes import children

from events import topics as names
from events.settings import Settings
from producers.schedule import FeatureRecord, LabelRecord
from transport import clients

JAVA_PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
KILL_SECONDS = 1.0
"""How long after its share of the records the joiner is killed, at most."""

Sending = tuple[float, int, FeatureRecord | LabelRecord]
"""When a record is sent, in event time; a number that keeps ties in order; the record."""
SendLabel = Callable[[bytes], object]


def send(settings: Settings, records: list[Sending], by: argparse.Namespace, up: int) -> dict[str, object]:
    """Send `records` in order, labels without key; how many of each kind, and how far out of order."""
    producer, chance = clients.producer(settings.kafka), random.Random(0)
    sent, behind, newest = Counter[str](), 0, 0
    due = {(i + 1) * len(records) // (by.kills + 1) for i in range(by.kills)}
    with by_java(settings, by.java) if by.java else nullcontext() as write:
        for count, (_, number, record) in enumerate(records):
            if isinstance(record, FeatureRecord):
                sent["events"] += 1
                producer.produce(
                    names.FEATURES.of(settings.name), msgspec.json.encode(record), record.event_id
                )
            else:
                sent["labels"] += 1
                newest = max(newest, number)
                behind += number < newest
                value = msgspec.json.encode(record)
                write(value) if write else producer.produce(names.LABELS.of(settings.name), value)
            producer.poll(0)
            if count in due:
                producer.flush()
                time.sleep(chance.uniform(0, KILL_SECONDS))
                sent["kills"] += kill_joiner(up)
    producer.flush()
    return {**sent, "labels_out_of_order": behind}


@contextmanager
def by_java(settings: Settings, jars: Path) -> Iterator[SendLabel]:
    """What sends a label by Java's console producer; all of them are acknowledged in the end."""
    where = [
        "--bootstrap-server",
        settings.kafka.bootstrap_servers,
        "--topic",
        names.LABELS.of(settings.name),
    ]
    command = ["java", "-Dlog4j2.level=ERROR", "-cp", f"{jars}/*", JAVA_PRODUCER, *where]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        pipe = cast("IO[bytes]", process.stdin)
        yield lambda value: pipe.write(value + b"\n")
    if process.returncode != 0:
        sys.exit("Java's console producer has failed")


def kill_joiner(up: int) -> int:
    """Kill -9 the joiner that `up` runs, once there is one; 1."""
    while (pid := children(up).get("joiner-0")) is None:
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return 1
