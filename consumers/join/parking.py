"""`internal.parked`: what a restart could not find again by reading a little way back.

| key | value | while |
| --- | --- | --- |
| `answer/<prediction_id>/<role>/<version>/<event_id>` | `Waiting` | an answer that came long ago waits |
| `label/<event_id>` | `Known` | a label waits for its prediction |
| `memo/<event_id>` | `Memo` | an event that is over is remembered, and `outcomes` does not tell enough |

A tombstone ends each. A record lies in the partition of its event, whatever its own key would say.
"""

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
    """The records that one turn parks and takes back in one partition."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def park_answer(self, event_id: str, waiting: Waiting) -> None:
        """An answer has waited for long."""
        waiting.parked = True
        self._add(_answer_key(event_id, waiting), _encode(waiting))

    def take_answer(self, event_id: str, waiting: Waiting) -> None:
        """It waits no more."""
        self._add(_answer_key(event_id, waiting), None)

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
            entry.answers = [
                answer
                for answer in entry.answers
                if (answer.prediction_id, answer.role, str(answer.model_version))
                != (prediction_id, role, version)
            ]
            if value is not None:
                entry.answers.append(_waiting(value))
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
