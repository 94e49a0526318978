"""What a restart finds by reading a little way back, and `internal.parked`: what it could not find so.

| key | value | while |
| --- | --- | --- |
| `answer/<prediction_id>/<role>/<version>/<event_id>` | `Waiting` | an answer that came long ago waits |
| `label/<event_id>` | `Known` | a label waits for its prediction |
| `memo/<event_id>` | `Memo` | an event that is over is remembered, and `outcomes` does not tell enough |

A tombstone ends each. A record lies in the partition of its event, whatever its own key would say.
"""

from itertools import takewhile
from typing import Any

import msgspec

from consumers.join.entry import Entry, Known, Waiting
from events.outputs import Message

_encode = msgspec.msgpack.Encoder().encode
_waiting = msgspec.msgpack.Decoder(Waiting).decode
_known = msgspec.msgpack.Decoder(Known).decode


class Memo(msgspec.Struct, array_like=True, frozen=True):
    """What is over of an event: which prediction took the label, or would have, and which label came."""

    joined: str
    label: Any
    label_ts: int
    forget: int


_memo = msgspec.msgpack.Decoder(Memo).decode


class Parking:
    """The answers of one partition that wait and are not parked, and the records that one turn parks."""

    def __init__(self) -> None:
        self._young: dict[bool, dict[int, str]] = {True: {}, False: {}}
        """Of `predictions` (True) and of `shadows`: offset → event_id, in order."""
        self._messages: list[Message] = []

    def keep_answer(self, event_id: str, waiting: Waiting) -> None:
        """An answer waits."""
        self._young[waiting.served][waiting.offset] = event_id

    def oldest(self, *, served: bool) -> int | None:
        """Where the first answer stands that waits and is not parked."""
        return next(iter(self._young[served]), None)

    def older(self, offset: int, *, served: bool) -> list[str]:
        """The event_ids of such answers before `offset`."""
        young = self._young[served]
        return [young[at] for at in takewhile(lambda at: at < offset, young)]

    def park_answer(self, event_id: str, waiting: Waiting) -> None:
        """It has waited for long."""
        self._young[waiting.served].pop(waiting.offset, None)
        waiting.parked = True
        self._add(_answer_key(event_id, waiting), _encode(waiting))

    def take_answer(self, event_id: str, waiting: Waiting) -> None:
        """It waits no more."""
        if waiting.parked:
            self._add(_answer_key(event_id, waiting), None)
        else:
            self._young[waiting.served].pop(waiting.offset, None)

    def park_label(self, event_id: str, label: Known) -> None:
        """A label waits for its prediction."""
        self._add(f"label/{event_id}", _encode(label))

    def take_label(self, event_id: str) -> None:
        """It waits no more."""
        self._add(f"label/{event_id}", None)

    def park_memo(self, event_id: str, entry: Entry) -> None:
        """Remember over restarts what is over of an event."""
        entry.memo = True
        memo = Memo(entry.joined or "", entry.label, entry.label_ts, entry.forget)
        self._add(f"memo/{event_id}", _encode(memo))

    def take_memo(self, event_id: str) -> None:
        """It is forgotten."""
        self._add(f"memo/{event_id}", None)

    def messages(self) -> list[Message]:
        """What was parked and taken since the last call."""
        messages, self._messages = self._messages, []
        return messages

    def _add(self, key: str, value: bytes | None) -> None:
        self._messages.append({"key": key.encode(), "value": value})


def restore(entry: Entry, key: str, value: bytes | None) -> str:
    """Make `entry` what a record of `internal.parked` says of it; the kind of record."""
    kind, rest = key.split("/", 1)
    match kind:
        case "answer":
            prediction_id, role, version = rest.split("/", 3)[:3]
            entry.answers = tuple(
                answer
                for answer in entry.answers
                if (answer.prediction_id, answer.role, str(answer.model_version))
                != (prediction_id, role, version)
            )
            if value is not None:
                entry.answers += (_waiting(value),)
        case "label":
            entry.early = None if value is None else _known(value)
        case "memo" if value is not None:
            memo = _memo(value)
            entry.joined, entry.label, entry.label_ts = memo.joined, memo.label, memo.label_ts
            entry.forget, entry.memo = memo.forget, True
        case "memo":
            entry.joined, entry.label, entry.memo = None, None, False
    return kind


def event_of(key: str) -> str:
    """The event_id that a key of `internal.parked` speaks of."""
    return key.split("/", 4)[4] if key.startswith("answer/") else key.split("/", 1)[1]


def _answer_key(event_id: str, waiting: Waiting) -> str:
    return f"answer/{waiting.prediction_id}/{waiting.role}/{waiting.model_version}/{event_id}"
