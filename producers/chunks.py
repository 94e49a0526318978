"""What every source of rows gives: columns in chunks, so that a file of any length fits in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Batch = Any
"""A `pyarrow.RecordBatch`; pyarrow ships no types."""
Column = Any
"""A `pyarrow.Array`."""

CHUNK_ROWS = 8_192
"""The most rows that are held as Python values at once."""


class Source(Protocol):
    """A file or a generator of rows. Reading it again gives the same rows."""

    @property
    def typed(self) -> bool:
        """Whether columns have types of their own: then text is text, also where it reads like a number."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order, each one once."""

    @property
    def total(self) -> int:
        """How many rows there are."""

    def batches(self, first: int) -> Iterator[tuple[int, Batch]]:
        """Batches of any size in order, each with the number of its first row.

        The first batch may begin before row `first`, but ends after it.

        Raises:
            ScoreloopError: the source cannot be read on.
        """


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows by column; `first` is the number of the first one, counted from 0 in the file."""

    first: int
    batch: Batch

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def column(self, name: str) -> Column:
        """The cells of one column."""
        return self.batch.column(name)
