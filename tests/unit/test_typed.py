from pathlib import Path
from typing import Any

import pytest

from events.errors import ScoreloopError
from events.settings import Settings
from producers.labels import label_column
from producers.rows import Rows, open_rows
from producers.typed import typed

FEATURES = {"x": "number", "c": {"type": "category", "nullable": True}}


def settings(classes: list[Any] | None = None, **labels: Any) -> Settings:
    if classes is not None:
        labels["classes"] = classes
    task = "classification" if classes else "regression"
    return Settings.model_validate({"name": "s", "task": task, "features": FEATURES, "labels": labels})


def rows(tmp_path: Path, content: str, span: str | None = None) -> Rows:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    return open_rows(path, span)


def labels(tmp_path: Path, classes: list[Any] | None, cells: list[str]) -> list[Any]:
    opened = rows(tmp_path, "x,c,label\n" + "".join(f"1,a,{cell}\n" for cell in cells))
    return [label for chunk in typed(settings(classes), opened) for label in chunk.labels]


def test_rows_come_in_the_order_of_the_schema_with_the_numbers_of_the_file(tmp_path: Path) -> None:
    opened = rows(tmp_path, "label,c,z,x\n1,1,9,5\n0,,9,\n1,b,9,7\n,b,9,8\n", "1:4")
    [chunk] = typed(settings([0, 1]), opened)
    assert (chunk.first, len(chunk)) == (1, 3)
    assert list(chunk.rows()) == [(None, None), (7.0, "b"), (8.0, "b")]
    assert chunk.labels == [0, 1, None]
    assert chunk.incomplete == {0}


@pytest.mark.parametrize(
    ("classes", "cells", "expected"),
    [
        ([0, 1], ["1", "1.0", "0", ""], [1, 1, 0, None]),
        ([1.0, 2.0], ["1", "2.0"], [1.0, 2.0]),
        ([False, True], ["true", "True", "FALSE"], [True, True, False]),
        (["1", "no"], ["1", "no"], ["1", "no"]),
        ([1, 1.0], ["1", "1.0"], [1, 1.0]),
        (None, ["1", "2.5", ""], [1.0, 2.5, None]),
    ],
)
def test_labels_are_the_json_values_of_the_classes(
    tmp_path: Path, classes: list[Any] | None, cells: list[str], expected: list[Any]
) -> None:
    found = labels(tmp_path, classes, cells)
    assert found == expected
    assert [type(label) for label in found] == [type(label) for label in expected]


@pytest.mark.parametrize(
    ("classes", "cell"),
    [([0, 1], "2"), ([0, 1], "true"), ([False, True], "1"), (["1", "no"], "1.0"), (None, "x"), (None, "inf")],
)
def test_a_label_of_no_class_names_its_place(tmp_path: Path, classes: list[Any] | None, cell: str) -> None:
    with pytest.raises(ScoreloopError, match=rf"^a\.csv: row 1 .*column 'label': '{cell}' is n"):
        labels(tmp_path, classes, ["" if classes else "1", cell])


def test_a_bad_cell_names_file_row_column_and_the_value_in_short(tmp_path: Path) -> None:
    opened = rows(tmp_path, "x,c,label\n1,a,0\n2,a,0\n" + "9" * 100 + "x,a,1\n", "1:")
    with pytest.raises(ScoreloopError) as raised:
        list(typed(settings([0, 1]), opened))
    assert str(raised.value) == (f"a.csv: row 2 (the first is row 0), column 'x': '{'9' * 58}… is no number")


def test_a_missing_column_is_found_before_any_row_is_read(tmp_path: Path) -> None:
    with pytest.raises(
        ScoreloopError, match=r"a\.csv: has no column 'c', which \[features\] names; there are x"
    ):
        typed(settings([0, 1]), rows(tmp_path, "x,label\n1,0\n"))


@pytest.mark.parametrize(
    ("header", "column", "expected"),
    [
        ("x,c,y,label", "y", "y"),
        ("x,c,y,label", None, "label"),
        ("x,c,y", None, "y"),
    ],
)
def test_the_labels_column(tmp_path: Path, header: str, column: str | None, expected: str) -> None:
    opened = rows(tmp_path, f"{header}\n" + ",".join("1" * len(header.split(","))) + "\n")
    assert label_column(settings(None, column=column), opened) == expected


@pytest.mark.parametrize(
    ("header", "column", "what"),
    [
        ("x,c,y,z", None, r"it could be y, z; set `column` under \[labels\]"),
        ("x,c", None, r"every column is a feature; set `column` under \[labels\]"),
        ("x,c,y", "z", r"has no column 'z', which `column` under \[labels\] names; there are x, c, y"),
    ],
)
def test_no_label_column(tmp_path: Path, header: str, column: str | None, what: str) -> None:
    opened = rows(tmp_path, f"{header}\n" + ",".join("1" * len(header.split(","))) + "\n")
    with pytest.raises(ScoreloopError, match=what):
        typed(settings(None, column=column), opened)
    assert [chunk.labels for chunk in typed(settings(None), opened, with_labels=False)] == [[None]]


def test_rows_with_bad_cells_are_noted_where_that_is_wanted_and_their_neighbours_read(tmp_path: Path) -> None:
    opened = rows(tmp_path, "x,c,label\n1,a,0\nbad,b,1\n3,c,9\nworse,d,8\n5,,\n", "1:5")
    broken: dict[int, str] = {}
    [chunk] = typed(settings([0, 1]), opened, broken=broken)
    assert list(chunk.rows()) == [(None, "b"), (3.0, "c"), (None, "d"), (5.0, None)]
    assert chunk.labels == [1, None, None, None]
    assert broken == {
        1: "a.csv: row 1 (the first is row 0), column 'x': 'bad' is no number",
        2: "a.csv: row 2 (the first is row 0), column 'label': '9' is none of the classes 0, 1",
        3: "a.csv: row 3 (the first is row 0), column 'x': 'worse' is no number",
    }
