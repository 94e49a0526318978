"""What the monitor says in `internal.windows` of the windows that it holds: what it has still to restate.

A window that is final may change later. The monitor counts that at once and says so in `metrics` within
`[monitor] running_every`, or when it runs again; its state tells the two apart. Beyond `[monitor]
windows_kept` it forgets the oldest windows, and then never restates them.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from confluent_kafka import Message

from events.dead_letters import octets
from events.json_reading import INT64_MIN
from events.monitor_state import MARKS_KEY, WINDOW_PREFIX, Marks
from verify.book import Cell

_FINAL = 2
"""What is said of a window's sums: 0 nothing, 1 running figures, 2 final ones."""

_key = msgspec.json.Decoder(tuple[int, str, tuple[str, Any] | None, int])
_state = msgspec.msgpack.Decoder(tuple[bool, int, msgspec.Raw])


class Held:
    """The windows that the monitor holds, from the records of `internal.windows` in order."""

    def __init__(self) -> None:
        self._said: dict[Cell, int] = {}
        self._forgotten_before = INT64_MIN

    def read(self, messages: Iterable[Message]) -> None:
        """Take records; what is no window's is passed over."""
        for message in messages:
            key, value = octets(message.key()) or b"", octets(message.value())
            if key == MARKS_KEY and (marks := Marks.found(value or b"")) is not None:
                self._forgotten_before = marks.forgotten_before
            elif key.startswith(WINDOW_PREFIX):
                cell = Cell(*_key.decode(key.removeprefix(WINDOW_PREFIX)))
                if value is None:
                    self._said.pop(cell, None)
                else:
                    self._said[cell] = _state.decode(value)[1]

    def to_be_restated(self, cell: Cell) -> bool:
        """Whether the newest final figures of a window are not those of its sums."""
        return self._said.get(cell, _FINAL) != _FINAL

    def forgotten(self, cell: Cell) -> bool:
        """Whether a window is not followed any more."""
        return cell not in self._said and cell.from_ts < self._forgotten_before
