"""`dead-letters`: a refused record, byte for byte, with where it came from and why."""

import hashlib
from typing import Protocol

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

    A value too large even for `dead-letters` is left out; its SHA-256 takes its place in the headers.
    """
    key, value = octets(source.key()), octets(source.value())
    headers = [
        ("source", f"{source.topic()}-{source.partition()}-{source.offset()}".encode()),
        ("source_ts", str(source.timestamp()[1]).encode()),
        ("reason", refusal.reason.encode()),
        ("detail", refusal.detail.encode()),
    ]
    if value is not None and len(value) + len(key or b"") > DEAD_LETTER_MAX_BYTES - _ROOM_FOR_HEADERS:
        headers += [("sha256", hashlib.sha256(value).hexdigest().encode()), ("truncated", b"true")]
        value = None
    return Output(topic, key, value, tuple(headers))


def octets(data: str | bytes | None) -> bytes | None:
    """`data` as bytes: the client's types allow text, which its consumer never returns."""
    return data.encode() if isinstance(data, str) else data
