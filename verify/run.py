"""`verified`: an audit of a stream as it stands on its cluster now."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing

from confluent_kafka import Message

from events.settings import Settings
from events.topics import Topic
from transport.topics import require
from verify.audit import Audit
from verify.cut import READ, beginnings, cut
from verify.reading import read_to
from verify.report import Report

Show = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how much of a total is done: `with show(what, total) as tell`, which hears the sum so far."""


def verified(settings: Settings, replay: int | None, show: Show) -> Report:
    """Check the promises I1 to I5 of the stream, up to where its services have come.

    `replay` is how many answers of each version are scored again, None for all. The stream may run meanwhile;
    nothing is written to it, and no group is joined.

    Raises:
        ScoreloopError: the broker or a topic is missing, or a topic cannot be read.
    """
    client = require(settings, *READ)
    now = time.time_ns() // 1_000_000
    at = cut(client, settings)
    total = sum(sum(ends.values()) for ends in at.ends.values())
    heard = _Sum()

    def read(topic: Topic) -> Iterator[Message]:
        return read_to(settings.kafka, topic.of(settings.name), at.ends[topic], heard.add)

    with closing(Audit(settings, at, read, replay)) as audit:
        with show(f"reading {settings.name}", total) as heard.tell:
            audit.read()
        with show(f"checking {settings.name}", audit.answers()) as tell:
            return audit.report(beginnings(client, settings), now, _Sum(tell).add)


class _Sum:
    """Tells sums of what it is told."""

    def __init__(self, tell: Callable[[int], None] | None = None) -> None:
        self.tell = tell
        self._sum = 0

    def add(self, number: int) -> None:
        """So many more."""
        self._sum += number
        if self.tell is not None:
            self.tell(self._sum)
