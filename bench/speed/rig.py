"""What the parts stand on: one broker, streams of their own, and versions of known parameters."""

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
)

from console.operator import by_operator
from console.train import promoted
from consumers.trainer.draft import DRAFT
from consumers.trainer.registration import registered
from events import topics as names
from events.settings import Family, Settings, load
from models import training
from ops.broker import cluster
from transport import clients, topics
from transport.standing import offsets

BODY = """
name = "{name}"
task = "classification"
kafka.bootstrap_servers = "{servers}"
topics.partitions = {partitions}
labels = {{ classes = [0, 1], column = "label" }}
training.families = ["{family}"]
{more}
[features]
{features}
"""
TRAINED_ON = 2_000
DISTINCT = 10_000
"""Rows of features that differ; events repeat them."""
AT_ONCE = 50_000


@dataclass(frozen=True)
class Rig:
    """A broker that runs while the bench does."""

    folder: Path
    servers: str
    broker: int
    """Its process id."""
    rounds: int
    long: bool

    def written(self, stream: "Stream", topic: names.Topic | None = None) -> int:
        """Bytes that the broker has on disk of one topic, or of all the stream's."""
        part = f"{stream.settings.name}.{topic.name if topic else '*'}-*"
        return sum(log.stat().st_size for log in (self.folder / "broker").glob(f"**/{part}/*.log"))

    def stream(
        self, features: int = 8, family: Family = "linear", partitions: int = 4, more: str = ""
    ) -> "Stream":
        """A new stream of so many numbers, with its topics."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        path = self.folder / name / "stream.toml"
        path.parent.mkdir()
        columns = "\n".join(f'f{k} = "number"' for k in range(features))
        path.write_text(
            BODY.format(
                name=name,
                servers=self.servers,
                partitions=partitions,
                family=family,
                more=more,
                features=columns,
            )
        )
        stream = Stream(load(path), path)
        topics.create(stream.settings)
        return stream


@dataclass(frozen=True)
class Stream:
    """One stream, and its file."""

    settings: Settings
    path: Path

    @cached_property
    def client(self) -> AdminClient:
        """For questions about offsets."""
        return clients.admin(self.settings.kafka)

    def ends(self, topic: names.Topic) -> dict[int, int]:
        """Partition → its end, of committed records."""
        name, count = topic.of(self.settings.name), self.settings.topics.partitions
        return offsets(self.client, name, count, OffsetSpec.latest())

    def rows(self) -> list[list[float]]:
        """Rows of features; whatever the stream, the same by chance."""
        chance = random.Random(0)
        return [[chance.gauss(0, 1) for _ in self.settings.features] for _ in range(DISTINCT)]

    def champion(self, params: Mapping[str, Any]) -> Any:
        """Train the stream's family with `params` alone and make it champion; the fitted pipeline."""
        rows = self.rows()[:TRAINED_ON]
        grids = {
            family: {name: [value] for name, value in params.items()}
            for family in self.settings.training.families
        }
        trained = training.train(self.settings, rows, [int(sum(row[:6]) > 0) for row in rows], grids=grids)
        draft = registered(self.settings, trained, {"rows": len(rows)})
        promoted(self.settings, by_operator("promote", "bench", evidence={DRAFT: draft.model_dump()}))
        return trained.pipeline

    def append(self, count: int) -> None:
        """Write `count` events."""
        encoded = [
            msgspec.json.encode(dict(zip(self.settings.features, row, strict=True))) for row in self.rows()
        ]
        producer = clients.producer(
            self.settings.kafka, linger_ms=20, queue_buffering_max_messages=2 * AT_ONCE
        )
        run, topic = uuid.uuid4().hex[:6], names.FEATURES.of(self.settings.name)
        now = time.time_ns() // 1_000_000
        for start in range(0, count, AT_ONCE):
            ids = [b"%b-%d" % (run.encode(), i) for i in range(start, min(start + AT_ONCE, count))]
            producer.produce_batch(
                topic,
                [
                    {
                        "key": id_,
                        "value": b'{"event_id":"%b","ts":%d,"features":%b}'
                        % (id_, now, encoded[i % DISTINCT]),
                    }
                    for i, id_ in enumerate(ids, start)
                ],
            )
            producer.flush()

    def stamp(self, topic: names.Topic) -> None:
        """Have the broker note when each record of `topic` was appended: that is what rates are made of."""
        entry = ConfigEntry(
            "message.timestamp.type", "LogAppendTime", incremental_operation=AlterConfigOpType.SET
        )
        resource = ConfigResource(
            ConfigResource.Type.TOPIC, topic.of(self.settings.name), incremental_configs=[entry]
        )
        for future in self.client.incremental_alter_configs([resource]).values():
            future.result()


@contextmanager
def broker(folder: Path, rounds: int, *, long: bool) -> Iterator[Rig]:
    """A rig with a broker of its own, which ends with it."""
    facts = cluster.start(folder / "broker", port=0, say=print)
    try:
        [node] = facts.nodes
        yield Rig(folder, facts.bootstrap_servers or "", node.pid or 0, rounds, long)
    finally:
        cluster.stop(folder / "broker", say=print)
