"""`features`, `labels`, `internal.labels` and `dead-letters`: records → rows of `verify.tables`."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec
from confluent_kafka import Message
from msgspec import Struct

from events import topics
from events.dead_letters import octets
from events.feature_codec import FeatureCodec
from events.label_codec import LabelCodec, Labelled
from events.refusals import RefusalError
from events.settings import Settings
from events.topics import Topic
from verify.answers import digest
from verify.idleness import Idleness
from verify.passage import Passage, Seen
from verify.report import Example, Findings, place
from verify.retention import SLACK_MS

Row = tuple[Any, ...]

_REFUSED = (topics.FEATURES, topics.LABELS, topics.PREDICTIONS, topics.SHADOWS)
"""Where a dead letter may come from: the joiner refuses what is no answer."""


class Filed(Struct, array_like=True, frozen=True):
    """A record of `internal.labels`: a label and where it comes from."""

    partition: int
    offset: int
    kafka_ts: int
    key: bytes | None
    value: bytes | None


class Sources:
    """Reads what came in, and what was refused of it."""

    def __init__(self, settings: Settings, findings: Findings, idleness: Idleness) -> None:
        self.seen = Seen()
        self._idleness = idleness
        self._settings = settings
        self._findings = findings
        self._events = FeatureCodec(settings.features, settings.limits)
        self._labels = LabelCodec(settings.task, settings.classes, settings.limits)
        self._filed = msgspec.msgpack.Decoder(Filed)
        self._topics = {topic.of(settings.name): topic.name for topic in _REFUSED}

    def events(self, messages: Iterable[Message]) -> Iterator[Row]:
        """Rows of `events`."""
        passage = self._passage(topics.FEATURES)
        for message in messages:
            p, o, kafka_ts, key, value = _parts(message)
            before, idle = passage.before(p, o, kafka_ts)
            body = hash((key, value))
            try:
                event = self._events.decode(value, kafka_ts, key)
            except RefusalError:
                yield p, o, None, None, kafka_ts, None, body, before, idle
                continue
            ts = kafka_ts if event.ts is None else event.ts
            passage.valid(p, ts, kafka_ts)
            equal = digest(event.event_id, ts, event.features)
            yield p, o, event.event_id, ts, kafka_ts, equal, body, before, idle

    def labels(self, messages: Iterable[Message]) -> Iterator[Row]:
        """Rows of `labels`."""
        passage = self._passage(topics.LABELS)
        for message in messages:
            p, o, kafka_ts, key, value = _parts(message)
            before, idle = passage.before(p, o, kafka_ts)
            label = self._label(value, kafka_ts, key)
            if label is not None:
                passage.valid(p, kafka_ts if label.ts is None else label.ts, kafka_ts)
            event_id = None if label is None else label.event_id
            yield p, o, event_id, label is None, kafka_ts, hash((key, value)), before, idle

    def log(self, messages: Iterable[Message]) -> Iterator[Row]:
        """Rows of `log`."""
        for message in messages:
            tp, at, _, key, value = _parts(message)
            try:
                filed = self._filed.decode(value or b"")
            except msgspec.DecodeError:
                self._unreadable(message, "[partition, offset, ts, key, value] in MessagePack")
                continue
            label = self._label(filed.value, filed.kafka_ts, filed.key)
            if label is None:
                self._unreadable(message, "a label that is not refused")
            elif key != label.event_id.encode():
                self._unreadable(message, f"the key {label.event_id}")
            else:
                ts = filed.kafka_ts if label.ts is None else label.ts
                known, body = digest(label.label), hash((filed.key, filed.value))
                yield (
                    filed.partition, filed.offset, tp, at, label.event_id, ts, digest(label.label, ts), known,
                    filed.kafka_ts, body,
                )  # fmt: skip

    def letters(self, messages: Iterable[Message]) -> Iterator[Row]:
        """Rows of `letters`."""
        for message in messages:
            tp, at, _, key, value = _parts(message)
            pairs: Any = message.headers() or []  # typed as text by the client, though it gives pairs
            headers = {name: octets(given) or b"" for name, given in pairs}
            try:
                topic, partition, offset = headers["source"].decode().rsplit("-", 2)
                source = self._topics[topic], int(partition), int(offset)
            except (KeyError, ValueError):
                what = "a header `source` that names a record"
                self._malformed(message, "a dead letter does not say where it comes from", what)
                continue
            body = None if "truncated" in headers else hash((key, value))
            yield *source, tp, at, headers.get("reason", b"").decode(errors="replace"), body

    def _label(self, value: bytes | None, kafka_ts: int, key: bytes | None) -> Labelled[Any] | None:
        try:
            return self._labels.decode(value, kafka_ts, key)
        except RefusalError:
            return None

    def _passage(self, topic: Topic) -> Passage:
        limits = self._settings.limits
        ahead = SLACK_MS + limits.max_future_skew
        ceased = partial(self._idleness.ceased, topic) if self._idleness.whole else None
        return Passage(limits.idle_after, ahead, self.seen, ceased)

    def _unreadable(self, message: Message, expected: str) -> None:
        self._malformed(message, "a label was filed wrongly in internal.labels", expected)

    def _malformed(self, message: Message, sentence: str, expected: str) -> None:
        where = place(message.topic() or "", message.partition() or 0, message.offset() or 0)
        key = (octets(message.key()) or b"").decode(errors="replace")
        self._findings.broken(
            "I4", sentence, Example(record=where, event_id=key or None, expected=expected, found="another")
        )


def _parts(message: Message) -> tuple[int, int, int, bytes | None, bytes | None]:
    """Partition, offset, Kafka timestamp, key and value."""
    return (
        message.partition() or 0, message.offset() or 0, message.timestamp()[1], octets(message.key()),
        octets(message.value()),
    )  # fmt: skip
