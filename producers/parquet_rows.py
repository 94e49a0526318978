"""A Parquet file. Its columns keep their types; row groups before the first row asked for are not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from events.errors import ScoreloopError
from producers.chunks import CHUNK_ROWS, Batch
from producers.csv_faults import check_columns

_MAGIC = b"PAR1"
_SUFFIXES = {".parquet", ".pq"}


def is_parquet(path: Path) -> bool:
    """Whether `path` is, or by its name means to be, a Parquet file.

    Raises:
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC or path.suffix.lower() in _SUFFIXES


class ParquetRows:
    """A Parquet file.

    Raises:
        ScoreloopError: the file is no Parquet, has no rows, or names a column twice.
    """

    typed = True

    def __init__(self, path: Path) -> None:
        self._path = path
        metadata = self._opened().metadata
        self.total = int(metadata.num_rows)
        self.columns: tuple[str, ...] = tuple(metadata.schema.to_arrow_schema().names)
        self._groups = [int(metadata.row_group(i).num_rows) for i in range(metadata.num_row_groups)]
        check_columns(path, self.columns)
        if not self.total:
            raise ScoreloopError(f"{path}: has no rows")

    def batches(self, first: int) -> Iterator[tuple[int, Batch]]:
        """Batches of typed columns, from the row group in which row `first` is."""
        number, group = 0, 0
        while group < len(self._groups) and number + self._groups[group] <= first:
            number += self._groups[group]
            group += 1
        rest = range(group, len(self._groups))
        try:
            for batch in self._opened().iter_batches(CHUNK_ROWS, row_groups=rest, use_threads=False):
                yield number, batch
                number += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise ScoreloopError(f"{self._path}: row {number} and on cannot be read: {error}") from None

    def _opened(self) -> Any:
        try:
            return parquet.ParquetFile(self._path)
        except pa.ArrowInvalid as error:
            raise ScoreloopError(f"{self._path}: is no Parquet file: {error}") from None
