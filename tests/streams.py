"""A stream on a real Kafka, with versions made in a moment, and scorers as threads or processes."""

import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from confluent_kafka import Message
from models_writer import promote

from consumers.join.service import run_joiner
from consumers.service import run_scorer
from events import topics as names
from events.records import Roles, Worker
from events.settings import BOOTSTRAP_VARIABLE, Kafka, Settings, load
from models import training
from models.problem import Candidate
from transport import clients, topics
from transport.reading import read_to_end

PATIENCE_SECONDS = 60.0
ROOT = Path(__file__).parents[1]
CLASSES = """
[features]
amount = "number"
country = { type = "category", values = ["NO", "SE"], nullable = true }
[labels]
classes = ["fraud", "ok"]
"""
GRIDS = {"linear": [Candidate("linear", {"C": 1.0})]}


class Stream:
    """One stream of its own: its topics are there, a version is not."""

    def __init__(
        self,
        kafka: Kafka,
        folder: Path,
        body: str = CLASSES,
        task: str = "classification",
        partitions: int = 3,
    ) -> None:
        name = f"t-{uuid.uuid4().hex[:10]}"
        self.path = folder / f"{name}.toml"
        self.path.write_text(
            f'name = "{name}"\ntask = "{task}"\nkafka.bootstrap_servers = "{kafka.bootstrap_servers}"\n'
            f'registry.url = "registry-{name}"\ntopics.partitions = {partitions}\n{body}'
        )
        self.settings = load(self.path, {})
        topics.create(self.settings)

    def topic(self, topic: names.Topic) -> str:
        return topic.of(self.settings.name)

    def train(self, seed: int = 0, rows: int = 60) -> Roles:
        """A version, made champion; another seed is another version."""
        chance = random.Random(seed)
        inputs = [self.row(chance, i) for i in range(rows)]
        labels = [self.label(row, i) for i, row in enumerate(inputs)]
        settings = self.settings.model_copy(
            update={"training": self.settings.training.model_copy(update={"families": ("linear",)})}
        )
        trained = training.train(settings, inputs, labels)
        return promote(self.settings, trained, {"rows": rows}, f"d-{seed}")

    def row(self, chance: random.Random, i: int) -> tuple[Any, ...]:
        values: dict[str, Any] = {
            "number": chance.gauss(0, 1),
            "integer": i,
            "boolean": bool(i % 2),
            "category": "NO" if i % 2 else "SE",
        }
        return tuple(
            [chance.random()] * spec.shape[0] if spec.shape else values[spec.type]
            for spec in self.settings.features.values()
        )

    def label(self, row: tuple[Any, ...], i: int) -> Any:
        return self.settings.classes[i % len(self.settings.classes)] if self.settings.classes else row[0] * 2

    def event(self, i: int, **fields: Any) -> bytes:
        row = self.row(random.Random(i), i)
        features = dict(zip(self.settings.features, row, strict=True))
        record = {"event_id": f"e-{i}", "ts": 1_700_000_000_000 + i, "features": features, **fields}
        return json.dumps(record).encode()

    def send(
        self, values: Iterable[bytes | None], topic: names.Topic = names.FEATURES, key: bytes | None = None
    ) -> int:
        """Append records, all acknowledged when this returns; how many."""
        producer = clients.producer(self.settings.kafka, message_max_bytes=30_000_000)
        sent = 0
        for value in values:
            producer.produce(self.topic(topic), value, key)
            producer.poll(0)
            sent += 1
        assert producer.flush(PATIENCE_SECONDS) == 0
        return sent

    def put(self, key: bytes, value: bytes | None) -> None:
        """One record in `models`."""
        self.send([value], names.MODELS, key)

    def read(self, topic: names.Topic) -> list[Message]:
        return list(read_to_end(self.settings.kafka, self.topic(topic)))

    def records(self, topic: names.Topic) -> list[dict[str, Any]]:
        return [json.loads(message.value() or b"null") for message in self.read(topic)]

    def await_messages(self, topic: names.Topic, count: int) -> list[Message]:
        """What is in `topic` once there is so much of it."""
        what = f"{count} records in {topic.name}"
        return until(lambda: found if len(found := self.read(topic)) >= count else None, what)

    def await_records(self, topic: names.Topic, count: int) -> list[dict[str, Any]]:
        """The JSON in `topic` once there are `count` records."""
        return [json.loads(message.value() or b"null") for message in self.await_messages(topic, count)]

    def worker(self, slot: int = 0) -> Worker | None:
        """What `workers` says last of a slot."""
        last = None
        for message in self.read(names.WORKERS):
            if message.key() == f"scorer-{slot}".encode():
                last = message.value()
        return None if last is None else Worker.model_validate_json(last)

    def await_worker(self, says: Callable[[Worker], bool], slot: int = 0) -> Worker:
        def found() -> Worker | None:
            worker = self.worker(slot)
            return worker if worker is not None and says(worker) else None

        return until(found, "the worker's report")

    def scorer(self, slot: int = 0) -> AbstractContextManager[list[BaseException]]:
        """A scorer in a thread; its failure, if any, is in the list that this yields."""
        return self.service(run_scorer, slot)

    def joiner(self, slot: int = 0) -> AbstractContextManager[list[BaseException]]:
        """A joiner in a thread."""
        return self.service(run_joiner, slot)

    @contextmanager
    def service(
        self, run: Callable[[Settings, int, Event], object], slot: int
    ) -> Iterator[list[BaseException]]:
        stop, failures = Event(), []

        def work() -> None:
            try:
                run(self.settings, slot, stop)
            except BaseException as error:  # noqa: BLE001 (the test looks at it)
                failures.append(error)

        thread = Thread(target=work, daemon=True)
        thread.start()
        try:
            yield failures
        finally:
            stop.set()
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    @contextmanager
    def command(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """`scoreloop` in a process of its own, with what it writes in a pipe; killed if it still runs."""
        environment = {k: v for k, v in os.environ.items() if k != BOOTSTRAP_VARIABLE}
        with subprocess.Popen(
            [sys.executable, "-m", "console.main", *arguments],
            cwd=self.path.parent,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives once it is not None: bounded, and quick to notice."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (result := found()) is None:
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:.0f} s for {what}"
        time.sleep(0.05)
    return result
