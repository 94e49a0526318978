"""The records of the internal topics: JSON where a person may have to look, keys that name what they hold.

| topic | key | value |
| --- | --- | --- |
| `internal.sources` | `features/<p>`, `labels/<p>` | `SourceProgress` of that partition |
| | `finish` | `Finish`: nothing more comes for what was sent so far |
| | `finished` | `Finished`: how far that was done |
| `internal.tallies` | `cell` | a delta: `models.tallies.encoded` |
| | `labels` | `LabelCounts`, a delta |
| | `joiner/<p>` | `Standing` of that partition of `predictions` |
| | `intake/features`, `intake/labels` | `Intake`, a delta |
| `internal.services` | worker id, `joiner-0` | `Process` |
| `internal.replays` | the letter, `payments.dead-letters-0-17` | `Replay` |
| `internal.skips` | `<service>/<topic>/<partition>/<ts>` | `Skip`; none is ever taken back |
"""

from typing import Literal

from events.records import Count, Milliseconds, Record

FINISH_KEY = b"finish"
FINISHED_KEY = b"finished"
CELL_KEY = b"cell"
LABELS_KEY = b"labels"
INTAKE_PREFIX = b"intake/"

Source = Literal["features", "labels"]


def source_key(topic: str, partition: int) -> bytes:
    """Key of a partition's progress; `topic` is `features` or `labels`, without the stream's name."""
    return f"{topic}/{partition}".encode()


def intake_key(source: Source) -> bytes:
    """Key of what was read of `features` or `labels`, and refused."""
    return INTAKE_PREFIX + source.encode()


def standing_key(partition: int) -> bytes:
    """Key of the standing of one partition of the join."""
    return f"joiner/{partition}".encode()


class SourceProgress(Record):
    """How far one partition of `features` (as scored) or `labels` has come; written with what was read."""

    ts: Milliseconds | None
    """The largest event time committed from it that the writer knows; readers take the largest they saw."""
    next: Count
    """The offset to read next."""
    idle: bool = False
    """Read to its end with nothing new for `idle_after`; void once something stands behind `next`."""


class Finish(Record):
    """Nothing more comes for what was sent so far: what waits is to be settled.

    A finish is named by its offset in `internal.sources`; a later one includes the earlier.
    """

    ts: Milliseconds
    features: dict[int, Count]
    """Partition → end offset, of everything sent so far."""
    labels: dict[int, Count]


class Finished(Record):
    """Every prediction up to the finish at this offset is matched or expired, and every window final."""

    finish: Count


class LabelCounts(Record):
    """What became of labels, a delta; `read = matched + … + refused + waiting` over all deltas (I4).

    `read` and `refused` are counted when a label is read from `labels`, the others when it is joined.
    """

    read: Count = 0
    refused: Count = 0
    matched: Count = 0
    repeats: Count = 0
    conflicts: Count = 0
    late: Count = 0
    orphans: Count = 0


class Intake(Record):
    """How much of a source one transaction read, and refused as it was read, a delta."""

    ts: Milliseconds
    """When, by the reader's clock."""
    records: Count
    refused: dict[str, Count]
    """Reason → how many of them."""


class Standing(Record):
    """Where one partition of the join stands after a transaction. Not a delta: the newest counts."""

    partition: Count
    watermark: Milliseconds | None
    """All that was scored or labelled up to this event time has been read here; None while unknown."""
    finish: Count | None
    """The newest finish that has been carried out here."""
    waiting_predictions: Count
    waiting_shadows: Count
    waiting_labels: Count
    """Labels whose prediction has not come."""


STANDING_BY, MEASURING = "standing by", "measuring"
"""What a process says that it is doing: nothing while another does the work; what a monitor is there for."""


class Process(Record):
    """The process that runs one slot of the joiner, the monitor or the trainer, and how it is."""

    worker: str
    process: str
    ts: Milliseconds
    error: str | None = None
    detail: str | None = None
    """What it is doing, for a person; such as `restoring partition 2: 1,200,000 records`."""


class Skip(Record):
    """An operator moved a service's committed offset; written in the same transaction.

    `topic` is without the stream's name; `begin` and `end` are those of the partition then.
    """

    ts: Milliseconds
    service: str
    topic: str
    partition: Count
    from_offset: Count | None
    """Committed until then; None where none was."""
    to_offset: Count
    begin: Count
    end: Count
    by: str
    reason: str

    @property
    def key(self) -> bytes:
        """One for each skip, so that all are kept."""
        return f"{self.service}/{self.topic}/{self.partition}/{self.ts}".encode()

    @property
    def passed_over(self) -> range:
        """The offsets that the service will not read: those before the new one."""
        start = self.from_offset
        return range(self.begin if start is None or start > self.end else start, self.to_offset)


class Replay(Record):
    """A dead letter was sent back to where it came from; written in the same transaction, once."""

    ts: Milliseconds
    to: str
    """The topic, with its full name."""
    by: str
