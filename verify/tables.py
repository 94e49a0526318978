"""The audit's own tables: a private temporary database, which SQLite keeps on disk and in bounded memory.

A row is a record without its values: where it is, what it is joined by, and 64-bit digests of what has to be
equal. Digests are Python's keyed hash of bytes, so they are of this process only; two different records have
the same with a chance of 2**-64. What is joined by `event_id` is joined by its text.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

_CACHE_KIB = 64 * 1024
_SCHEMA = """
-- features: `digest` of event_id, ts and features, null where the codec refuses the record; `body` of key and
-- value; `before` the largest event time before it in its partition; `idle` see verify.lateness.
CREATE TABLE events (
    p INTEGER, o INTEGER, id TEXT, ts INTEGER, kafka_ts INTEGER, digest INTEGER, body INTEGER,
    before INTEGER, idle INTEGER, PRIMARY KEY (p, o)) WITHOUT ROWID;

-- predictions and shadows, by the source record's place; `event` as events.digest, `whole` of all fields.
CREATE TABLE answers (
    p INTEGER, o INTEGER, version INTEGER, role TEXT, tp INTEGER, at INTEGER, id TEXT, ts INTEGER,
    scored_ts INTEGER, event INTEGER, whole INTEGER,
    PRIMARY KEY (p, o, version, role, tp, at)) WITHOUT ROWID;

-- outcomes; `mark` of label and label_ts.
CREATE TABLE outcomes (
    p INTEGER, o INTEGER, version INTEGER, role TEXT, tp INTEGER, at INTEGER, id TEXT, scored_ts INTEGER,
    whole INTEGER, status TEXT, mark INTEGER, label_ts INTEGER,
    PRIMARY KEY (p, o, version, role, tp, at)) WITHOUT ROWID;

-- labels; `refused` where the codec refuses the record.
CREATE TABLE labels (
    p INTEGER, o INTEGER, id TEXT, refused INTEGER, kafka_ts INTEGER, body INTEGER, before INTEGER,
    idle INTEGER, PRIMARY KEY (p, o)) WITHOUT ROWID;

-- internal.labels, by the source record's place.
CREATE TABLE log (
    p INTEGER, o INTEGER, tp INTEGER, at INTEGER, id TEXT, ts INTEGER, mark INTEGER, label INTEGER,
    kafka_ts INTEGER, body INTEGER, PRIMARY KEY (p, o, tp, at)) WITHOUT ROWID;

-- dead-letters, by the source record's topic and place; `body` null where the value was too large.
CREATE TABLE letters (
    topic TEXT, p INTEGER, o INTEGER, tp INTEGER, at INTEGER, reason TEXT, body INTEGER,
    PRIMARY KEY (topic, p, o, tp, at)) WITHOUT ROWID;

-- By topic and partition: how far its service has come, where it begins, and up to which Kafka time records
-- may be gone.
CREATE TABLE cut (
    topic TEXT, p INTEGER, taken INTEGER, begins INTEGER, gone INTEGER, PRIMARY KEY (topic, p)) WITHOUT ROWID;
"""


class Tables:
    """The database of one audit; gone when it is closed."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_SCHEMA)

    def fill(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert `rows`, read as they are made."""
        [[columns]] = self.select(f"SELECT count(*) FROM pragma_table_info('{table}')")
        marks = ", ".join("?" * columns)
        self._connection.execute("BEGIN")
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        self._connection.execute("COMMIT")

    def select(self, query: str, **arguments: Any) -> Iterator[Any]:
        """The rows of a query, as they are found."""
        return self._connection.execute(query, arguments)

    def change(self, query: str, **arguments: Any) -> None:
        """Run a query that gives no rows."""
        self._connection.execute(query, arguments)

    def close(self) -> None:
        """Let go of the disk space."""
        self._connection.close()
