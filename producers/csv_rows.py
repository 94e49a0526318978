"""A CSV file with a header. Every cell is text: what it means is the schema's to say."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from events.errors import ScoreloopError
from producers.chunks import Batch
from producers.csv_faults import NO_ROWS, check_columns, fault

_BLOCK_BYTES = 4 * 1024 * 1024  # what is read at once; a row must fit into two


class CsvRows:
    """A CSV file in UTF-8, plain or compressed (.gz, .bz2). An empty cell is null.

    Raises:
        ScoreloopError: the file is empty, has no rows, is ragged, no UTF-8, or names a column twice.
    """

    typed = False

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._path.open("rb") as file:
            if not file.read(1):
                raise ScoreloopError(f"{path}: is empty; a line of column names and rows are needed")
        self.columns = self._header()
        check_columns(path, self.columns)
        if not self.total:
            raise ScoreloopError(f"{path}: {NO_ROWS}")

    @cached_property
    def total(self) -> int:
        """How many rows there are: a pass over the whole file, which also finds what is broken in it."""
        return sum(batch.num_rows for _, batch in self.batches(0))

    def batches(self, first: int) -> Iterator[tuple[int, Batch]]:
        """Batches of text columns. Rows before `first` are parsed and passed over."""
        number = 0
        try:
            for batch in self._opened(self.columns):
                if batch.num_rows and number + batch.num_rows > first:
                    yield number, batch
                number += batch.num_rows
        except pa.ArrowInvalid as error:
            raise fault(self._path, str(error)) from None

    def _header(self) -> tuple[str, ...]:
        try:
            return tuple(self._opened(()).schema.names)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise fault(self._path, str(error)) from None

    def _opened(self, columns: tuple[str, ...]) -> Any:
        return csv.open_csv(
            self._path,
            read_options=csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
