"""Records as lines for a person, or as JSON; those that say nothing new are left out."""

from typing import Any

import click
import msgspec
from confluent_kafka import Message

from console.lines import READ, RUNNING, Line
from console.slots import Slots
from console.words import clock
from events import topics
from events.dead_letters import octets

LONGEST_LINE = 400

_KIND_WIDTH = 7
_COPIES = b"roles/"
"""Keys of `models` whose records are those of the key `roles`, once more."""


class Telling:
    """How one `watch` of the stream called `stream` tells of its records, in the order of their coming.

    `running` also tells of figures that are not final; `as_json` and `whole` are the options of that name.
    """

    def __init__(
        self, stream: str, *, running: bool = False, as_json: bool = False, whole: bool = False
    ) -> None:
        self._topics = {topic.of(stream): topic for topic in topics.ALL}
        self._running = running
        self._as_json = as_json
        self._longest = None if whole else LONGEST_LINE
        self._slots = Slots()

    def line(self, message: Message, at: float) -> str | None:
        """The line of a record that came `at`, in seconds of any one clock; None where it is left out."""
        topic = self._topics[message.topic() or ""]
        key, value = octets(message.key()), octets(message.value())
        if topic in {topics.WORKERS, topics.SERVICES}:
            told = self._slots.news(_text(key), value, at)
            left_out = told is None
        else:
            told = READ[topic](key or b"", value) if topic in READ and value is not None else None
            left_out = self._left_out(topic, key, told)
        if left_out:
            return None
        if self._as_json:
            return as_json(message, topic)
        return self._raw(message) if told is None else _shown(message.timestamp()[1], told)

    def gone(self, now: int, at: float) -> list[str]:
        """Lines for slots of which nothing is heard any more; `now` is the time, `at` as for `line`."""
        gone = self._slots.gone(at)
        return [] if self._as_json else [_shown(now, line) for line in gone]

    def _left_out(self, topic: topics.Topic, key: bytes | None, told: Line | None) -> bool:
        copied = topic is topics.MODELS and (key or b"").startswith(_COPIES)
        return copied or (told is not None and told.kind == RUNNING and not self._running)

    def _raw(self, message: Message) -> str:
        """One record as it is: when, where, key, headers where it has any, and value."""
        value = _text(octets(message.value()))
        if self._longest is not None and len(value) > self._longest:
            value = value[: self._longest] + "…"
        headers = "".join(f" {name}={text}" for name, text in _headers(message).items())
        place = f"{message.topic()}[{message.partition()}]@{message.offset()}"
        return f"{clock(message.timestamp()[1])} {place} {_text(octets(message.key()))}{headers} {value}"


def as_json(message: Message, topic: topics.Topic) -> str:
    """The record as one line of JSON; a value that is JSON stays as it is, another becomes text."""
    record: dict[str, Any] = {
        "topic": topic.name,
        "partition": message.partition(),
        "offset": message.offset(),
        "ts": message.timestamp()[1],
        "key": None if message.key() is None else _text(octets(message.key())),
        "value": _value(octets(message.value())),
    }
    if headers := _headers(message):
        record["headers"] = headers
    return msgspec.json.encode(record).decode()


def _value(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return msgspec.Raw(msgspec.json.format(value, indent=-1))  # on one line, its numbers as they are
    except msgspec.DecodeError:
        return _text(value)


def _headers(message: Message) -> dict[str, str]:
    pairs: Any = message.headers() or []  # typed as text by the client, though it gives pairs
    return {name: _text(octets(value)) for name, value in pairs}


def _text(data: bytes | None) -> str:
    return "null" if data is None else data.decode(errors="backslashreplace")


def _shown(ts: int, line: Line) -> str:
    kind = click.style(f"{line.kind:<{_KIND_WIDTH}}", bold=True)
    return f"{clock(ts)} {kind} {click.style(line.text, fg=line.style)}"
