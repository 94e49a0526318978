"""Labels, whatever their key and partitioner, by event_id: so a label meets its prediction.

A record of `internal.labels` has the event_id as its key, and as its value the record that it came in, whole:
what is refused later, as a conflict or an orphan, is kept byte for byte.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from consumers.join.entry import Known
from consumers.source_report import SourceReport
from consumers.turn import Received
from events import topics
from events.dead_letters import dead_letter
from events.label_codec import LabelCodec
from events.outputs import Message, Outputs
from events.refusals import RefusalError
from events.settings import Settings


class _Carried(Struct, array_like=True, frozen=True):
    """A record of `labels`, as it travels."""

    partition: int
    offset: int
    ts: int
    key: bytes | None
    value: bytes | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Carried).decode


class Relabel:
    """Sends each valid label on under its event_id, and each other to `dead-letters`."""

    def __init__(self, settings: Settings) -> None:
        self.report = SourceReport("labels", settings.limits.idle_after)
        self.read = self.refused = 0
        """Of the newest batch."""
        self._codec = LabelCodec(settings.task, settings.classes, settings.limits)
        self._to = topics.JOINING.of(settings.name)
        self._sources = topics.SOURCES.of(settings.name)
        self._dead_letters = topics.DEAD_LETTERS.of(settings.name)

    def __call__(
        self, messages: Sequence[Received], ends: Mapping[int, int], now: int, outputs: Outputs
    ) -> None:
        """Write what becomes of `messages`, and how far their partitions have come in event time."""
        newest: dict[int, int] = {}
        sent: list[Message] = []
        for message in messages:
            partition, record_ts = message.partition(), message.timestamp()[1]
            try:
                label = self._codec.decode(message.value(), record_ts)
            except RefusalError as refusal:
                outputs.single.append(dead_letter(self._dead_letters, message, refusal))
                continue
            ts = record_ts if label.ts is None else label.ts
            newest[partition] = max(ts, newest.get(partition, ts))
            carried = _Carried(partition, message.offset(), record_ts, message.key(), message.value())
            sent.append({"key": label.event_id.encode(), "value": _encode(carried)})
        self.read, self.refused = len(messages), len(messages) - len(sent)
        if sent:
            outputs.many[self._to] = sent
        read = {message.partition(): message.offset() + 1 for message in messages}
        if told := self.report.told(read, newest, ends, now):
            outputs.many[self._sources] = told

    def known(self, message: Received) -> Known:
        """The label in a record of `internal.labels`."""
        carried = _decode(message.value() or b"")
        label = self._codec.decode(carried.value, carried.ts)
        ts = carried.ts if label.ts is None else label.ts
        return Known(
            label.label, ts, carried.partition, carried.offset, carried.ts, carried.key, carried.value
        )


class LabelRecord:
    """The record of `labels` that a label came in, as `events.dead_letters` asks for it."""

    def __init__(self, topic: str, label: Known) -> None:
        self._topic, self._label = topic, label

    def topic(self) -> str:
        """Where it was."""
        return self._topic

    def partition(self) -> int:
        """Where it was."""
        return self._label.source_partition

    def offset(self) -> int:
        """Where it was."""
        return self._label.source_offset

    def timestamp(self) -> tuple[int, int]:
        """Its Kafka timestamp; of what kind is not known here."""
        return 0, self._label.source_ts

    def key(self) -> bytes | None:
        """Its key."""
        return self._label.source_key

    def value(self) -> Any:
        """Its value."""
        return self._label.source_value
