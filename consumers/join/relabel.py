"""Labels, whatever their key and partitioner, by event_id: so a label meets its prediction.

A record of `internal.labels` has the event_id as its key, and a `Known` as its value.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from consumers.join.entry import Known
from consumers.source_report import SourceReport
from consumers.turn import Received
from events import topics
from events.dead_letters import dead_letter
from events.internal import Intake, intake_key
from events.label_codec import LabelCodec
from events.outputs import Message, Outputs
from events.refusals import RefusalError
from events.settings import Settings

_encode = msgspec.msgpack.Encoder().encode
known = msgspec.msgpack.Decoder(Known).decode
"""The label in a record of `internal.labels`."""


class Relabel:
    """Sends each valid label on under its event_id, and each other to `dead-letters`."""

    def __init__(self, settings: Settings) -> None:
        self.report = SourceReport("labels", settings.limits.idle_after)
        self.read = self.refused = 0
        """Of the newest batch."""
        self._codec = LabelCodec(settings.task, settings.classes, settings.limits)
        self._to = topics.JOINING.of(settings.name)
        self._sources = topics.SOURCES.of(settings.name)
        self._tallies = topics.TALLIES.of(settings.name)
        self._dead_letters = topics.DEAD_LETTERS.of(settings.name)

    def __call__(
        self, messages: Mapping[int, Sequence[Received]], ends: Mapping[int, int], now: int, outputs: Outputs
    ) -> None:
        """Write what becomes of each partition's `messages`, and how far it has come in event time."""
        newest: dict[int, int] = {}
        sent: list[Message] = []
        reasons = Counter[str]()
        for partition, records in messages.items():
            times = [label.ts for label in self._sent(records, sent, reasons, outputs)]
            if times:
                newest[partition] = max(times)
        self.read = sum(map(len, messages.values()))
        self.refused = self.read - len(sent)
        if sent:
            outputs.many[self._to] = sent
        if self.read:
            intake = Intake(ts=now, records=self.read, refused=reasons)
            outputs.many[self._tallies] = [{"key": intake_key("labels"), "value": intake.encoded()}]
        read = {partition: records[-1].offset() + 1 for partition, records in messages.items()}
        if told := self.report.told(read, newest, ends, now):
            outputs.many[self._sources] = told

    def _sent(
        self, records: Sequence[Received], sent: list[Message], reasons: Counter[str], outputs: Outputs
    ) -> Iterator[Known]:
        """The valid labels in `records`, each added to `sent`; the others are counted by reason."""
        for record in records:
            value, record_ts = record.value(), record.timestamp()[1]
            try:
                label = self._codec.decode(value, record_ts, record.key())
            except RefusalError as refusal:
                reasons[refusal.reason] += 1
                outputs.single.append(dead_letter(self._dead_letters, record, refusal))
                continue
            ts = record_ts if label.ts is None else label.ts
            known = Known(
                record.partition(), record.offset(), record_ts, record.key(), value, label.label, ts
            )
            sent.append({"key": label.event_id.encode(), "value": _encode(known)})
            yield known


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
