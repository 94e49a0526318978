"""Plays the joiner: what a transaction of it writes to `internal.tallies`, as records and on a real Kafka."""

from collections.abc import Iterable

from events.internal import CELL_KEY, LABELS_KEY, LabelCounts, Standing, standing_key
from events.outputs import Message, Outputs
from models.tallies import Cell, Tally, encoded

Record = tuple[bytes, bytes]


def cell(
    from_ts: int, tally: Tally, *, version: int = 1, role: str = "champion", segment: object = None
) -> Record:
    """A delta of one bucket."""
    return CELL_KEY, encoded(Cell(version, role, segment, from_ts), tally)  # type: ignore[arg-type]


def labels(**counts: int) -> Record:
    """A delta of what became of labels."""
    return LABELS_KEY, LabelCounts(**counts).encoded()


def stands(partition: int, watermark: int | None = None, finish: int | None = None, **waiting: int) -> Record:
    """Where a partition stands."""
    standing = Standing(
        partition=partition,
        watermark=watermark,
        finish=finish,
        waiting_predictions=waiting.get("predictions", 0),
        waiting_shadows=waiting.get("shadows", 0),
        waiting_labels=waiting.get("labels", 0),
    )
    return standing_key(partition), standing.encoded()


def transaction(topic: str, records: Iterable[Record]) -> Outputs:
    """The records as one transaction's."""
    messages: list[Message] = [{"key": key, "value": value} for key, value in records]
    return Outputs(many={topic: messages})
