"""What operators had a service pass over: nothing is promised of it, so it is taken out of the checks.

A record that was passed over and has left no trace counts as if it had never been there. One that was read
before the skip, or is there again, is checked as any other.
"""

from collections.abc import Iterable

from confluent_kafka import Message

from events import topics
from events.dead_letters import octets
from events.internal import Skip
from events.topics import Topic
from verify.report import Findings
from verify.tables import Tables

_UNANSWERED = """
    DELETE FROM events WHERE p = :p AND o >= :start AND o < :stop
       AND NOT EXISTS (SELECT 1 FROM answers a WHERE a.p = events.p AND a.o = events.o)
       AND NOT EXISTS (SELECT 1 FROM letters d
                       WHERE d.topic = 'features' AND d.p = events.p AND d.o = events.o)
"""
_UNFILED = """
    DELETE FROM labels WHERE p = :p AND o >= :start AND o < :stop
       AND NOT EXISTS (SELECT 1 FROM log f WHERE f.p = labels.p AND f.o = labels.o)
       AND NOT EXISTS (SELECT 1 FROM letters d WHERE d.topic = 'labels' AND d.p = labels.p AND d.o = labels.o)
"""
_UNJOINED = "DELETE FROM log WHERE tp = :p AND at >= :start AND at < :stop"
_UNSETTLED = """
    DELETE FROM answers WHERE tp = :p AND at >= :start AND at < :stop AND (role = 'shadow') = :shadow
       AND NOT EXISTS (SELECT 1 FROM outcomes x WHERE x.p = answers.p AND x.o = answers.o
                       AND x.version = answers.version AND x.role = answers.role)
"""


class Skips:
    """The skips of one stream, from `internal.skips`."""

    def __init__(self, messages: Iterable[Message], findings: Findings) -> None:
        found = (Skip.found(octets(message.value()) or b"") for message in messages)
        self._ranges: dict[tuple[str, int], list[range]] = {}
        for skip in filter(None, found):
            left = skip.passed_over
            if left:
                self._ranges.setdefault((skip.topic, skip.partition), []).append(left)
                findings.not_checked(
                    f"offsets {left[0]} to {left[-1]} of {skip.topic}-{skip.partition}, which {skip.by} had "
                    f"the {skip.service} skip ({skip.reason})",
                    len(left),
                )

    def covers(self, topic: Topic, partition: int, offset: int) -> bool:
        """Whether the service that reads `topic` was made to pass a record over."""
        return any(offset in left for left in self._ranges.get((topic.name, partition), ()))

    def forget_sources(self, tables: Tables) -> None:
        """Take out the events and labels that were never read."""
        self._run(tables, topics.FEATURES, _UNANSWERED)
        self._run(tables, topics.LABELS, _UNFILED)

    def forget_joined(self, tables: Tables) -> None:
        """Take out what the joiner never read, once it is known that it was written rightly."""
        self._run(tables, topics.JOINING, _UNJOINED)
        self._run(tables, topics.PREDICTIONS, _UNSETTLED, shadow=False)
        self._run(tables, topics.SHADOWS, _UNSETTLED, shadow=True)

    def _run(self, tables: Tables, topic: Topic, query: str, **arguments: bool) -> None:
        for (name, partition), ranges in self._ranges.items():
            for left in ranges if name == topic.name else ():
                tables.change(query, p=partition, start=left.start, stop=left.stop, **arguments)
