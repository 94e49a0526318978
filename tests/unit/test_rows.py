import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from events.errors import ScoreloopError
from producers import csv_rows, rows
from producers.rows import Rows, SpanError, open_rows, open_synth


def csv(tmp_path: Path, content: bytes | str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(opened: Rows, column: str) -> list[Any]:
    return [cell for chunk in opened.chunks() for cell in chunk.column(column).to_pylist()]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b", "no line of column names|no rows"),
        ("\n\n", "no line of column names"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cell where the header has 2"),
        ('a,b\n1,"x\ny"\n\n3,4,5\n', "line 5 has 3 cells where the header has 2"),
        (b"a,b\n1,2\n3,\xff\n", "line 3 is not UTF-8"),
        (b"a,\xff\n1,2\n", "line 1 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1 is not UTF-8"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,,\n1,2,3\n", "two columns have no name"),
    ],
)
def test_a_broken_csv_is_one_sentence(tmp_path: Path, content: bytes | str, what: str) -> None:
    path = csv(tmp_path, content)
    with pytest.raises(ScoreloopError, match=what) as raised:
        open_rows(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_a_broken_row_is_found_far_behind_the_first_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "_BLOCK_BYTES", 1_000)
    path = csv(tmp_path, "a,b\n" + "1,2\n" * 5_000 + "3\n")
    with pytest.raises(ScoreloopError, match="line 5002 has 1 cell"):
        open_rows(path)


@pytest.mark.parametrize("content", ["no parquet", "PAR1 and nothing more"])
def test_what_is_no_parquet_says_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(ScoreloopError, match="is no Parquet file"):
        open_rows(csv(tmp_path, content, "a.parquet"))


def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ScoreloopError, match=r"a\.csv: no such file"):
        open_rows(tmp_path / "a.csv")
    with pytest.raises(ScoreloopError, match="cannot be read"):
        open_rows(tmp_path)


def test_csv_cells_are_text_and_an_empty_one_is_null(tmp_path: Path) -> None:
    opened = open_rows(csv(tmp_path, '\ufeffa,"b,c"\r\n01,"x\r\ny"\r\n\r\n,""\r\n'))
    assert opened.columns == ("a", "b,c")
    assert (cells(opened, "a"), cells(opened, "b,c")) == (["01", None], ["x\r\ny", None])
    assert (opened.total, opened.name, opened.path) == (2, "a.csv", tmp_path / "a.csv")


def test_a_packed_csv_is_read_like_a_plain_one(tmp_path: Path) -> None:
    packed = csv(tmp_path, gzip.compress(b"a\n1\n2\n"), "a.csv.gz")
    assert cells(open_rows(packed), "a") == ["1", "2"]
    with pytest.raises(ScoreloopError, match="line 3 has 2 cells"):
        open_rows(csv(tmp_path, gzip.compress(b"a\n1\n2,3\n"), "b.csv.gz"))


@pytest.fixture(params=["csv", "parquet", "synth"])
def thousand(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A function from a span to rows of each kind of source, read in small pieces."""
    monkeypatch.setattr(csv_rows, "_BLOCK_BYTES", 700)
    monkeypatch.setattr(rows, "CHUNK_ROWS", 64)
    if request.param == "csv":
        path = csv(tmp_path, "x0\n" + "".join(f"{i}\n" for i in range(1_000)))
        yield lambda span: open_rows(path, span)
    elif request.param == "parquet":
        path = tmp_path / "a.pq"
        parquet.write_table(pa.table({"x0": list(range(1_000))}), path, row_group_size=130)
        yield lambda span: open_rows(path, span)
    else:
        yield lambda span: open_synth("sine", span or ":1000", seed=5)


@pytest.mark.parametrize(
    ("span", "expected"),
    [(None, range(1_000)), ("130:260", range(130, 260)), ("999:", range(999, 1_000)), (":7", range(7)),
     ("125:700", range(125, 700)), ("0:1000", range(1_000))],
)  # fmt: skip
def test_a_span_is_cut_exactly_from_every_source(thousand: Any, span: str | None, expected: range) -> None:
    opened = thousand(span if span != "999:" else "999:1000")
    whole = cells(thousand(None), "x0")
    assert opened.span == expected
    assert cells(opened, "x0") == whole[expected.start : expected.stop]
    assert cells(opened, "x0") == cells(opened, "x0")
    chunks = list(opened.chunks())
    assert [chunk.first for chunk in chunks] == [
        expected.start + sum(map(len, chunks[:i])) for i in range(len(chunks))
    ]
    assert max(map(len, chunks)) <= 64


@pytest.mark.parametrize("span", ["5", "a:b", "1:2:3", "-5:", "1.0:2", "٣:٤", ":-1"])
def test_a_malformed_span_says_its_form(tmp_path: Path, span: str) -> None:
    with pytest.raises(SpanError, match="not of the form A:B"):
        open_rows(csv(tmp_path, "a\n1\n"), span)


@pytest.mark.parametrize(
    ("span", "what"),
    [("0:3", "beyond a.csv, whose rows are 0:2"), ("2:", "no row"), ("1:1", "no row"), ("2:1", "no row")],
)
def test_a_span_outside_the_file_says_what_there_is(tmp_path: Path, span: str, what: str) -> None:
    with pytest.raises(SpanError, match=what):
        open_rows(csv(tmp_path, "a\n1\n2\n"), span)


def test_an_unknown_generator_lists_those_there_are() -> None:
    with pytest.raises(ScoreloopError, match=r"'sae'; did you mean sea\? there are agrawal, .*waveform"):
        open_synth("sae")
    assert (open_synth("sea").span, open_synth("sea", "5:").span) == (range(10_000), range(5, 10_000))
    assert open_synth("sea", "20000:20010").total == 20_010
