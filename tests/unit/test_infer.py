import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from events.errors import ScoreloopError
from events.schema import Feature
from producers import census
from producers.infer import Findings, infer
from producers.rows import open_rows
from producers.stream_toml import Choices, buckets, stream_toml

CHOICES = Choices("s", "127.0.0.1:1", 86_400_000, 3_600_000)


def found(
    tmp_path: Path, columns: dict[str, list[Any]], task: Any = None, *, packed: bool = False
) -> Findings:
    """What is found in a file of `columns`, whose label is `y`; as a Parquet file when `packed`."""
    path = tmp_path / ("a.parquet" if packed else "a.csv")
    if packed:
        parquet.write_table(pa.table(columns), path)
    else:
        lines = [columns.keys(), *zip(*columns.values(), strict=True)]
        path.write_text("".join(",".join(map(quoted, line)) + "\n" for line in lines), encoding="utf-8")
    return infer(open_rows(path), "y", task)


def quoted(cell: Any) -> str:
    return '"' + str(cell).replace('"', '""') + '"'


def kinds(findings: Findings) -> dict[str, Any]:
    return {name: spec.model_dump(exclude_defaults=True) for name, spec in findings.features.items()}


Y = [i % 2 for i in range(50)]


def test_types_in_a_csv(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "whole": range(50), "fraction": [i / 7 for i in range(50)], "gap": ["", "NA", *range(48)],
            "truth": ["true", "False"] * 25, "bits": [0, 1] * 25, "maybe": ["", "true"] * 25,
            "land": ["NO", "SE"] * 25, "mixed": [*range(20), *["x"] * 30], "list": ["[1, 2.5]"] * 50,
            "ragged": ["[1]", "[1, 2]"] * 25, "constant": ["k"] * 50, "y": Y,
        },
    )  # fmt: skip
    number, category = {"type": "number"}, {"type": "category"}
    assert kinds(findings) == {
        "whole": number, "fraction": number, "gap": {**number, "nullable": True},
        "truth": {"type": "boolean"},
        "bits": number, "maybe": {"type": "boolean", "nullable": True}, "land": category, "mixed": category,
        "list": {**number, "shape": (2,)}, "ragged": category, "constant": category,
    }  # fmt: skip
    assert findings.categories["land"] == "2 seen: 'NO', 'SE'"


def test_types_in_a_parquet_file_are_its_own(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        {
            "text": ["1", "2"] * 25, "flag": [True, None] * 25, "number": [1, 2] * 25, "list": [[1, 2]] * 50,
            "words": [["a"]] * 50, "nothing": [None] * 50, "y": [True, False] * 25,
        },
        packed=True,
    )  # fmt: skip
    assert kinds(findings) == {
        "text": {"type": "category"},
        "flag": {"type": "boolean", "nullable": True},
        "number": {"type": "number"},
        "list": {"type": "number", "shape": (2,)},
    }
    assert set(findings.left_out) == {"words", "nothing"}
    assert findings.classes == (False, True)


def test_what_makes_no_feature_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "MOST_TEXTS", 40)
    findings = found(
        tmp_path,
        {
            "x": range(50), "id": [f"id{i}" for i in range(50)], "half": [f"d{i // 2}" for i in range(50)],
            "most": [f"d{i % 26}" for i in range(50)], "empty": [""] * 50, 'a"b': [1] * 50, "": [1] * 50,
            "long": ["x" * 257] * 50, "y": Y,
        },
    )  # fmt: skip
    assert set(findings.features) == {"x", "half"}
    reasons = {
        "id": "more than",
        "most": "26 different texts in 50 rows",
        "empty": "every cell is empty",
        'a"b': "without quotes",
        "": "1 to 128 characters",
        "long": "longer than 256 bytes",
    }
    assert set(findings.left_out) == set(reasons)
    for name, reason in reasons.items():
        assert reason in findings.left_out[name]


@pytest.mark.parametrize(
    ("labels", "task", "expected"),
    [
        ([0, 1], None, (0, 1)),
        (["1.0", "2.0"], None, (1, 2)),
        (["true", "False"], None, (False, True)),
        (["no", "yes", "a"], None, ("a", "no", "yes")),
        (["1", "x"], None, ("1", "x")),
        (["", 0, 1], None, (0, 1)),
        ([0.5, 1.5], None, None),
        ([0.5, 1], "classification", (0.5, 1)),
        (range(21), None, None),
        (range(20), None, tuple(range(20))),
        (range(21), "classification", tuple(range(21))),
        ([0, 1], "regression", None),
    ],
)
def test_the_task_and_the_classes(tmp_path: Path, labels: Any, task: Any, expected: Any) -> None:
    findings = found(tmp_path, {"x": range(len(labels)), "y": list(labels)}, task)
    assert findings.task == ("regression" if expected is None else "classification")
    assert findings.classes == (expected or ())
    assert [type(c) for c in findings.classes] == [type(c) for c in expected or ()]


@pytest.mark.parametrize(
    ("labels", "task", "what"),
    [
        ([1, 1], None, "every label is 1, so there is nothing to learn"),
        (["", ""], None, "holds neither"),
        (["[1]", "[2]"], None, "holds neither"),
        ([f"t{i}" for i in range(21)], None, "more than 20 different texts; .*say --task classification"),
        (["a", "b"], "regression", "a regression needs numbers"),
        (range(1_001), "classification", "more than 1000 different values"),
    ],
)
def test_a_label_that_is_good_for_nothing(tmp_path: Path, labels: Any, task: Any, what: str) -> None:
    with pytest.raises(ScoreloopError, match=rf"^a\.csv, column 'y': .*{what}"):
        found(tmp_path, {"x": range(len(labels)), "y": list(labels)}, task)


def test_an_unknown_label_column_and_a_file_without_features(tmp_path: Path) -> None:
    with pytest.raises(ScoreloopError, match=r"no column 'y'; did you mean 'yy'\? there are x, yy"):
        found(tmp_path, {"x": [1, 2], "yy": [0, 1]})
    with pytest.raises(ScoreloopError, match=r"no column makes a feature .*every cell is empty"):
        found(tmp_path, {"x": ["", ""], "y": [0, 1]})
    with pytest.raises(ScoreloopError, match=r"no column makes a feature .*its only column"):
        found(tmp_path, {"y": [0, 1]})


@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\\\r\n'), min_size=1),
        max_size=5,
    ),
    classes=st.sets(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=5),
)
def test_whatever_was_found_is_written_as_toml_that_says_the_same(
    names: list[str], classes: set[str]
) -> None:
    features = {name: Feature(type="number") for name in names or ["x"]}
    findings = Findings("a\n.csv", 1, features, {}, dict.fromkeys(classes, "why"), "y", 0,
                        "classification", tuple(sorted(classes)))  # fmt: skip
    document = tomllib.loads(stream_toml(findings, CHOICES))
    assert list(document["features"]) == list(features)
    assert document["labels"]["classes"] == sorted(classes)
    assert list(document)[2:] == ["kafka", "features", "labels", "windows", "decisions", "registry"]


@pytest.mark.parametrize(("window", "expected"), [(3_600_000, 12), (10_000, 10), (7, 7), (13, 1)])
def test_a_window_has_as_many_buckets_as_divide_it(window: int, expected: int) -> None:
    assert buckets(window) == expected
