"""Rows for `init`, `train` and `feed`: of a CSV, of a Parquet file, or of a generator, read one way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from events.errors import ScoreloopError
from producers.chunks import CHUNK_ROWS, Chunk, Source

SYNTH_ROWS = 10_000
"""How many rows a generator gives unless told."""

_SPAN = re.compile(r"(\d*):(\d*)", re.ASCII)


class SpanError(ValueError):
    """`A:B` is malformed, empty, or reaches beyond the file; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a source: those whose numbers, counted from 0 in the file, are in `span`.

    `total` is the number of rows in the whole file, whatever the span. `path` is the file's, None for a
    generator.
    """

    name: str
    source: Source
    span: range
    path: Path | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order, each one once."""
        return self.source.columns

    @property
    def total(self) -> int:
        """How many rows the whole file has."""
        return self.source.total

    def __len__(self) -> int:
        return len(self.span)

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order, at most `CHUNK_ROWS` at once; each call reads from the beginning of the span.

        Raises:
            ScoreloopError: the source cannot be read on.
        """
        for first, batch in self.source.batches(self.span.start):
            if first >= self.span.stop:
                return
            low = max(self.span.start - first, 0)
            high = min(self.span.stop - first, batch.num_rows)
            for offset in range(low, high, CHUNK_ROWS):
                yield Chunk(first + offset, batch.slice(offset, min(CHUNK_ROWS, high - offset)))


def open_rows(path: Path, span: str | None = None) -> Rows:
    """The rows `span` (`A:B`, as in Python; None for all) of a CSV or Parquet file.

    A CSV is read once to the end here: its rows are counted, and one that is broken is refused before any
    row is used.

    Raises:
        ScoreloopError: the file is missing or broken; the sentence names the line where it is known.
        SpanError: `span` is malformed or reaches beyond the file; the sentence says what is allowed.
    """
    from producers.csv_rows import CsvRows  # noqa: PLC0415 (pyarrow, which `Rows` alone does not need)
    from producers.parquet_rows import ParquetRows, is_parquet  # noqa: PLC0415

    try:
        source: Source = ParquetRows(path) if is_parquet(path) else CsvRows(path)
    except FileNotFoundError:
        raise ScoreloopError(f"{path}: no such file") from None
    except OSError as error:
        raise ScoreloopError(f"{path}: cannot be read: {error.strerror or error}") from None
    return Rows(path.name, source, spanned(span, source.total, path.name), path)


def open_synth(name: str, span: str | None = None, seed: int = 0) -> Rows:
    """The rows `span` of river's generator `name`; without an end, up to row 10,000.

    Raises:
        ScoreloopError: there is no such generator; the sentence lists them.
        SpanError: `span` is malformed or empty.
    """
    from producers.synth_rows import SynthRows  # noqa: PLC0415 (pyarrow)

    start, stop = bounds(span)
    total = SYNTH_ROWS if stop is None else stop
    return Rows(name, SynthRows(name, seed, total), spanned(f"{start}:{total}", total, name))


def bounds(span: str | None) -> tuple[int, int | None]:
    """The two numbers of `A:B`; an A that is left out is 0, a B that is left out None.

    Raises:
        SpanError: it is not of that form.
    """
    match = _SPAN.fullmatch(span or ":")
    if match is None:
        raise SpanError(f"{span!r} is not of the form A:B, such as 0:2000, 2000: or :500, counted from 0")
    return int(match[1] or 0), int(match[2]) if match[2] else None


def spanned(span: str | None, total: int, name: str) -> range:
    """The row numbers of `span` in a file of `total` rows.

    Raises:
        SpanError: it is malformed, empty, or reaches beyond the file.
    """
    start, stop = bounds(span)
    stop = total if stop is None else stop
    if stop > total:
        raise SpanError(f"{span} reaches beyond {name}, whose rows are 0:{total}")
    if start >= stop:
        raise SpanError(f"{span} holds no row; the rows of {name} are 0:{total}")
    return range(start, stop)
