"""Entries that have not been asked for lately, on local disk.

A private database of SQLite's that has no name and ends with the process: what is here is a cache of what
the topics say, so it needs no durability, and the operating system may write it out as memory gets short.
"""

import sqlite3
from collections.abc import Iterable, Iterator

import msgspec

from consumers.join.entry import Entry

_CACHE_KIBIBYTES = 32 * 1024
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL, due INTEGER NOT NULL, entry BLOB NOT NULL
);
CREATE UNIQUE INDEX by_event ON entries (event_id);
CREATE INDEX by_due ON entries (due);
"""


class Attic:
    """Entries by event_id and by when they are due."""

    def __init__(self) -> None:
        self.count = 0
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        self._database.executescript(_SCHEMA)

    def put(self, entries: Iterable[tuple[str, int, Entry]]) -> None:
        """Keep entries, each with when it is due; none of them is here already."""
        rows = [(event_id, due, _encode(entry)) for event_id, due, entry in entries]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO entries (event_id, due, entry) VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")
        self.count += len(rows)

    def take(self, event_ids: Iterable[str]) -> list[tuple[str, Entry]]:
        """Those of the entries that are here; they are here no more."""
        if not self.count:
            return []
        ids = msgspec.json.encode(list(event_ids)).decode()
        return self._taken("event_id IN (SELECT value FROM json_each(?))", ids, -1)

    def take_due(self, before: int, most: int) -> list[tuple[str, Entry]]:
        """At most `most` of the entries that were due before `before`, the oldest first."""
        return self._taken("due < ?", before, most) if self.count else []

    def event_ids(self) -> Iterator[str]:
        """The event_ids that are here now; what is taken or put meanwhile does no harm."""
        (end,) = self._database.execute("SELECT max(number) FROM entries").fetchone()
        page, last = "SELECT number, event_id FROM entries WHERE number > ? AND number <= ? LIMIT 10000", 0
        while end and (rows := self._database.execute(page, (last, end)).fetchall()):
            last = rows[-1][0]
            yield from (event_id for _, event_id in rows)

    def close(self) -> None:
        """Let go of the disk."""
        self._database.close()

    def _taken(self, condition: str, argument: int | str, most: int) -> list[tuple[str, Entry]]:
        order = "ORDER BY due LIMIT ?" if most >= 0 else "LIMIT ?"
        query = f"SELECT number, event_id, entry FROM entries WHERE {condition} {order}"  # noqa: S608 (ours)
        if not (rows := self._database.execute(query, (argument, most)).fetchall()):
            return []
        self._database.execute("BEGIN")
        self._database.executemany("DELETE FROM entries WHERE number = ?", [(row[0],) for row in rows])
        self._database.execute("COMMIT")
        self.count -= len(rows)
        return [(event_id, _decode(entry)) for _, event_id, entry in rows]
