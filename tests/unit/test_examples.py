from pathlib import Path

import pytest
from samples import settings

from events.errors import ScoreloopError
from producers.examples import examples
from producers.rows import Rows, open_rows

STREAM = settings(
    features={"x": "number", "c": {"type": "category", "nullable": True}}, labels={"classes": [0, 1]}
)


def rows(tmp_path: Path, content: str) -> Rows:
    path = tmp_path / "a.csv"
    path.write_text(f"x,c,label\n{content}", encoding="utf-8")
    return open_rows(path)


def test_rows_that_teach_nothing_are_left_out_and_counted_by_their_reason(tmp_path: Path) -> None:
    given = rows(tmp_path, "1,a,0\n,b,1\n3,c,\n4,,1\nbad,e,1\n6,f,7\n")
    found = examples(STREAM, given, with_broken=True)
    assert (found.rows, found.labels, found.numbers) == ([(1.0, "a"), (4.0, None)], [0, 1], [0, 3])
    assert found.left_out == {"incomplete": 1, "unlabelled": 1, "broken": 2}
    assert found.broken == [
        "a.csv: row 4 (the first is row 0), column 'x': 'bad' is no number",
        "a.csv: row 5 (the first is row 0), column 'label': '7' is none of the classes 0, 1",
    ]
    dataset = found.dataset(STREAM)
    assert (dataset.left_out, dataset.broken) == (found.left_out, found.broken)
    with pytest.raises(ScoreloopError, match=r"row 4 .*'bad' is no number"):
        examples(STREAM, given)


def test_some_of_the_examples(tmp_path: Path) -> None:
    found = examples(STREAM, rows(tmp_path, "1,a,0\n2,b,1\n3,c,1\n")).at([0, 2])
    assert found.columns(STREAM) == {"#row": [0, 2], "x": [1.0, 3.0], "c": ["a", "c"], "#label": ["0", "1"]}


def test_where_no_row_is_left_it_says_what_is_wrong_with_one(tmp_path: Path) -> None:
    with pytest.raises(ScoreloopError, match=r"none of 2 rows has a label.*; a\.csv: row 0 .* is no number"):
        examples(STREAM, rows(tmp_path, "no,a,0\n2,b,\n"), with_broken=True)
