"""What is wrong with a CSV that could not be read, and in which line: a second, slower look at it."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from events.errors import ScoreloopError

NO_ROWS = "has a line of column names and no rows"


def fault(path: Path, otherwise: str) -> ScoreloopError:
    """The sentence for the first thing that is wrong in `path`; `otherwise` where this look finds nothing."""
    try:
        what = _undecodable(path) or _ragged(path) or otherwise
    except csv.Error as error:
        what = str(error)
    return ScoreloopError(f"{path}: {what}")


def check_columns(path: Path, columns: Iterable[str]) -> None:
    """Refuse column names that do not tell the columns apart.

    Raises:
        ScoreloopError: two columns have one name, or none.
    """
    seen: set[str] = set()
    for column in columns:
        if column in seen:
            called = f"are called {column!r}" if column else "have no name"
            raise ScoreloopError(f"{path}: two columns {called}; give each one a name of its own")
        seen.add(column)


def _undecodable(path: Path) -> str | None:
    for number, line in enumerate(_lines(path), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return f"line {number} is not UTF-8; save the file as UTF-8"
    return None


def _ragged(path: Path) -> str | None:
    """The first row that has more or fewer cells than the header, or a quote that nothing closes."""
    reader = csv.reader((line.decode() for line in _lines(path)), strict=True)
    header: list[str] = []
    line, rows = 1, 0
    try:
        for cells in reader:
            rows += bool(header and cells)
            header = header or cells
            if cells and len(cells) != len(header):
                return f"line {line} has {_counted(len(cells))} where the header has {len(header)}"
            line = reader.line_num + 1
    except csv.Error as error:
        return f"line {line}: {error}"
    if not header:
        return "has no line of column names"
    return None if rows else NO_ROWS


def _counted(cells: int) -> str:
    return "1 cell" if cells == 1 else f"{cells} cells"


def _lines(path: Path) -> Iterator[bytes]:
    """Lines with their ends, unpacked where the file's name says that it is packed."""
    with pa.input_stream(path) as stream:
        rest = b""
        while block := stream.read(1 << 20):
            *lines, rest = (rest + block).splitlines(keepends=True)
            yield from lines
        if rest:
            yield rest
