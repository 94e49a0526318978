"""`dead-letters`: a refused record, byte for byte, with where it came from and why."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from events.outputs import Output
from events.refusals import RefusalError
from events.topics import DEAD_LETTER_MAX_BYTES

_ROOM_FOR_HEADERS = 4096


class Source(Protocol):
    """A record as a consumer got it."""

    def topic(self) -> str | None: ...  # noqa: D102 (Kafka's words)
    def partition(self) -> int | None: ...  # noqa: D102
    def offset(self) -> int | None: ...  # noqa: D102
    def timestamp(self) -> tuple[int, int]: ...  # noqa: D102
    def key(self) -> str | bytes | None: ...  # noqa: D102
    def value(self) -> str | bytes | None: ...  # noqa: D102


def dead_letter(topic: str, source: Source, refusal: RefusalError) -> Output:
    """The record for `topic` that keeps `source` and says why it was refused.

    A value too large even for `dead-letters` is left out; its SHA-256 takes its place in the headers. So is a
    key that is too large even by itself.
    """
    key, value = octets(source.key()), octets(source.value())
    headers = [
        ("source", f"{source.topic()}-{source.partition()}-{source.offset()}".encode()),
        ("source_ts", str(source.timestamp()[1]).encode()),
        ("reason", refusal.reason.encode()),
        ("detail", refusal.detail.encode()),
    ]
    room = DEAD_LETTER_MAX_BYTES - _ROOM_FOR_HEADERS
    if len(value or b"") + len(key or b"") > room:
        headers += [("sha256", hashlib.sha256(value or b"").hexdigest().encode()), ("truncated", b"true")]
        value = None
        key = key if key is None or len(key) <= room else None
    return Output(topic, key, value, tuple(headers))


@dataclass(frozen=True, slots=True)
class Letter:
    """A record of `dead-letters` as it is read; what its headers do not say is empty."""

    partition: int
    offset: int
    ts: int
    """When it was written, by Kafka's timestamp."""
    source: tuple[str, int, int]
    """Topic, with its full name, partition and offset; `("", 0, 0)` where the header names none."""
    source_ts: str
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    truncated: bool
    """Whether the value was too large to be kept."""

    @property
    def place(self) -> str:
        """What names it in its topic."""
        return f"{self.partition}-{self.offset}"


def letter(record: Source, headers: Iterable[Any]) -> Letter:
    """The dead letter in a `record` that has these `headers`, pairs of a name and bytes."""
    said = {name: (octets(value) or b"").decode(errors="replace") for name, value in headers}
    topic, _, place = said.get("source", "").rpartition("-")
    topic, _, partition = topic.rpartition("-")
    known = partition.isdecimal() and place.isdecimal()
    return Letter(
        record.partition() or 0, record.offset() or 0, record.timestamp()[1],
        (topic, int(partition), int(place)) if known else ("", 0, 0), said.get("source_ts", ""),
        said.get("reason", ""), said.get("detail", ""), octets(record.key()), octets(record.value()),
        "truncated" in said,
    )  # fmt: skip


def octets(data: str | bytes | None) -> bytes | None:
    """`data` as bytes: the client's types allow text, which its consumer never returns."""
    return data.encode() if isinstance(data, str) else data
