"""What is found in rows before a training: each planted fault, and nothing in sound rows."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from samples import settings

from events.schema import Label
from events.settings import Settings
from models.dataset import Dataset
from models.dataset_admission import admitted
from models.dataset_flaw import DataLimitError, Flaw
from models.dataset_flaws import flaws
from models.dataset_relations import CRAMER, SPEARMAN, Pair, pairs
from models.dataset_survey import Survey, survey

NOW = 1_700_000_000_000
ROWS = 800
FEATURES = {
    "x": {"type": "number", "nullable": True},
    "y": {"type": "number", "nullable": True},
    "c": {"type": "category", "nullable": True},
    "on": "boolean",
}
X, Y, C, ON = range(4)

Rows = list[list[Any]]
Fault = Callable[[Rows, list[Label]], object]


def stream(**data: Any) -> Settings:
    return settings(features=FEATURES, labels={"classes": ["no", "yes"], "horizon": "1h"}, data=data)


def sound(stream: Settings, seed: int = 1) -> tuple[Rows, list[Label]]:
    """Rows whose label follows from all features and chance."""
    chance = random.Random(seed)
    rows: Rows = [
        [chance.gauss(0, 1), chance.lognormvariate(0, 1), chance.choice("abc"), chance.random() < 0.5]
        for _ in range(ROWS)
    ]
    scores = [x + y / 2 + on + (c == "a") + chance.gauss(0, 0.5) for x, y, c, on in rows]
    return rows, [("yes" if score > 2 else "no") if stream.classes else score for score in scores]


def looked_at(fault: Fault | None = None, stream: Settings | None = None, **more: Any) -> Dataset:
    given = stream or globals()["stream"]()
    rows, labels = sound(given)
    if fault is not None:
        fault(rows, labels)
    return Dataset(given, [tuple(row) for row in rows], labels, **more)


def found(dataset: Dataset) -> list[Flaw]:
    return flaws(dataset.settings, survey(dataset, NOW), pairs(dataset))


def told(dataset: Dataset) -> list[tuple[str, str, str | None]]:
    return [(one.severity, one.kind, one.feature) for one in found(dataset)]


def put(column: int, value: Callable[[int, Label], Any]) -> Fault:
    def fault(rows: Rows, labels: list[Label]) -> None:
        for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
            row[column] = value(i, label)

    return fault


def again(rows: Rows, labels: list[Label]) -> None:
    rows[100:120], labels[100:120] = [list(row) for row in rows[:20]], labels[:20]


def contradicted(rows: Rows, labels: list[Label]) -> None:
    again(rows, labels)
    labels[100:120] = ["no" if label == "yes" else "yes" for label in labels[:20]]


def one_class(_rows: Rows, labels: list[Label]) -> None:
    labels[:] = ["no"] * len(labels)


def rare(rows: Rows, labels: list[Label]) -> None:
    labels[:] = ["yes" if i % 200 == 7 else "no" for i in range(len(rows))]


@pytest.mark.parametrize("given", [stream(), settings(task="regression", features=FEATURES, labels={})])
def test_nothing_is_wrong_with_sound_rows(given: Settings) -> None:
    for seed in range(3):
        rows, labels = sound(given, seed)
        assert found(Dataset(given, [tuple(row) for row in rows], labels)) == []


PLANTED = [
    (put(X, lambda i, label: (label == "yes") + 0.001 * (i % 7)), ("warning", "leakage", "x")),
    (put(X, lambda _, label: 7.0 if label == "yes" else 3.0), ("warning", "leakage", "x")),
    (put(C, lambda i, label: f"{label}{i % 9}"), ("warning", "leakage", "c")),
    (put(Y, lambda i, label: 1.0 + i % 7 if label == "yes" and i % 5 else None), ("warning", "leakage", "y")),
    (contradicted, ("warning", "consistency", None)),
    (again, ("notice", "consistency", None)),
    (put(C, lambda i, _: "new" if i > 650 and i % 3 else "abc"[i % 3]), ("warning", "consistency", "c")),
    (put(Y, lambda i, _: i % 100 / 20 + i // 600 * 5), ("notice", "consistency", "y")),
    (put(X, lambda *_: 1.5), ("notice", "accuracy", "x")),
    (put(X, lambda i, _: -999.0 if i % 50 == 0 else (i * 7 % 100) / 10), ("warning", "accuracy", "x")),
    (put(Y, lambda *_: None), ("warning", "completeness", "y")),
    (put(C, lambda *_: None), ("warning", "completeness", "c")),
    (put(Y, lambda i, _: None if i % 3 else i * 7 % 100 / 10), ("notice", "completeness", "y")),
    (one_class, ("warning", "balance", None)),
    (rare, ("notice", "balance", None)),
    (lambda rows, _: [row.__setitem__(Y, row[X] * 3) for row in rows], ("notice", "redundancy", "x")),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "expected"), PLANTED)
def test_a_planted_fault_is_found(fault: Fault, expected: tuple[str, str, str | None]) -> None:
    assert expected in told(looked_at(fault))


def test_a_feature_that_is_the_label_is_called_so() -> None:
    is_label, leak = (
        found(looked_at(put(X, value)))[0].words
        for value in (lambda _, label: float(label == "yes"), lambda i, label: (label == "yes") + i / 9_999)
    )
    assert is_label == "x is the label by other names"
    assert leak.startswith("x alone tells ")
    regression = settings(task="regression", features=FEATURES, labels={})
    [flaw] = found(looked_at(put(Y, lambda _, label: label), regression))
    assert flaw.words == "y is the label by other names"


def test_times_after_the_event_and_late_labels_are_told_of() -> None:
    ts = [NOW - 10_000_000 + i * 1_000 for i in range(ROWS)]
    seconds = put(X, lambda i, _: ts[i] / 1_000 + (-60 - i % 13 if i % 4 else 60))
    delayed = looked_at(seconds, ts=ts, label_ts=[one + 3_550_000 for one in ts])
    assert {("notice", "leakage", "x"), ("notice", "timeliness", None)} <= set(told(delayed))
    assert "x is a time after its event in 25 % of" in " ".join(flaw.words for flaw in found(delayed))
    times = survey(delayed, NOW).times
    assert times is not None
    assert (times.age_ms, times.delay_p50_ms, times.delay_p99_ms) == (
        10_000_000 - 799_000,
        3_550_000,
        3_550_000,
    )
    old = looked_at(stream=stream(most_age="2h"), ts=ts)
    assert told(old) == [("stops", "timeliness", None)]
    assert told(looked_at(stream=stream(most_age="3h"), ts=ts)) == []


LIMITS = [
    ({"least_rows": 801}, None, "least_rows = 801 is broken: there are only 800 labelled rows"),
    ({"most_repeats": 0.02}, again, "most_repeats = 0.02 is broken: 2.5 % of the rows are repeats"),
    ({"most_contradictions": 0.01}, contradicted, "most_contradictions = 0.01 is broken: 5 % of the rows"),
    ({"most_missing": 0.5}, put(Y, lambda *_: None), "most_missing = 0.5 is broken: y is missing in all"),
    ({"least_minority_share": 0.01}, rare, "least_minority_share = 0.01 is broken: 0.5 % of the rows"),
    ({"least_minority_share": 0.01}, one_class, "least_minority_share = 0.01 is broken: 0 % of"),
    ({"most_leakage": 0.9}, put(C, lambda _, label: label), "most_leakage = 0.9 is broken: c is the label"),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "fault", "sentence"), LIMITS)
def test_a_limit_that_is_broken_stops_with_a_sentence(
    limits: dict[str, Any], fault: Fault | None, sentence: str
) -> None:
    dataset = looked_at(fault, stream(**limits))
    with pytest.raises(DataLimitError, match="; ") as raised:
        admitted(dataset, NOW)
    assert str(raised.value).startswith(f"[data] {sentence}")
    assert len(admitted(looked_at(fault), NOW).positions) == ROWS, "without the limit nothing stops"
    if fault is not None:
        assert len(admitted(looked_at(None, stream(**limits)), NOW).positions) == ROWS


def test_broken_rows_are_refused_above_their_share() -> None:
    broken = {"left_out": {"broken": 8}, "broken": ["a.csv: row 7"]}
    with pytest.raises(DataLimitError, match=r"most_broken = 0 is broken: 8 of 808 rows .*a\.csv: row 7"):
        admitted(looked_at(**broken), NOW)
    [flaw] = admitted(looked_at(None, stream(most_broken=0.01), **broken), NOW).flaws
    assert (flaw.severity, flaw.kind) == ("warning", "accuracy")


def test_repeats_are_left_out_but_for_the_first_where_the_stream_says_so() -> None:
    kept = admitted(looked_at(again, stream(repeats="leave-out")), NOW)
    assert kept.positions == [*range(100), *range(120, ROWS)]
    with pytest.raises(DataLimitError, match="only 780 labelled rows"):
        admitted(looked_at(again, stream(repeats="leave-out", least_rows=781)), NOW)
    contradictory = admitted(looked_at(contradicted, stream(repeats="leave-out")), NOW)
    assert len(contradictory.positions) == ROWS, "another label is no repeat"


def test_what_stops_comes_first_and_all_of_it_is_said() -> None:
    def fault(rows: Rows, labels: list[Label]) -> None:
        again(rows, labels)
        put(C, lambda _, label: label)(rows, labels)
        put(ON, lambda *_: True)(rows, labels)

    dataset = looked_at(fault, stream(most_repeats=0.01, most_leakage=0.9))
    assert [one.severity for one in found(dataset)] == ["stops", "stops", "notice"]
    with pytest.raises(DataLimitError, match=r"most_leakage.*\. \[data\] most_repeats"):
        admitted(dataset, NOW)


def test_no_rows_and_a_label_that_is_none_are_refused() -> None:
    with pytest.raises(DataLimitError, match="no labelled rows"):
        admitted(Dataset(stream(), [], []), NOW)
    with pytest.raises(DataLimitError, match="'maybe' is none of the classes"):
        admitted(looked_at(lambda _, labels: labels.__setitem__(3, "maybe")), NOW)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_few_rows_are_looked_at_too(count: int) -> None:
    whole = looked_at()
    few = Dataset(whole.settings, whole.rows[:count], whole.labels[:count])
    assert ("stops", "completeness", None) in told(few)


def test_numbers_too_large_to_square_and_arrays_are_looked_at() -> None:
    regression = settings(task="regression", labels={})
    rows = [(1e300 * (-1) ** i, None, "NO", None, True, [i, 1e308]) for i in range(60)]
    dataset = Dataset(regression, rows, [1e300 * (i % 7) for i in range(60)])
    assert {"history[0]", "history[1]"} <= set(survey(dataset, NOW).skills)
    assert ("notice", "accuracy", "history[1]") in told(dataset)


def test_the_facts_are_json_and_short_ones_go_with_the_manifest() -> None:
    dataset = looked_at(again, left_out={"unlabelled": 3})
    stated: dict[str, Any] = survey(dataset, NOW).stated()
    assert json.loads(json.dumps(stated)) == stated
    assert (stated["rows"], stated["repeats"], stated["columns"][X]["type"]) == (ROWS, 0.025, "number")
    short = admitted(dataset, NOW).stated
    assert json.loads(json.dumps(short)) == short
    assert (short["left_out"], short["repeats"], short["missing"]) == ({"unlabelled": 3}, 0.025, 0.0)
    assert short["leakage"]["feature"] in FEATURES
    assert short["flaws"] == ["2.5 % of the rows are repeats, the same features with the same label"]


def test_relations_are_of_a_kind_and_the_strongest_comes_first() -> None:
    features = {"a": "number", "b": "number", "c": "category", "d": "category", "e": "category"}
    given = settings(features=features, labels={"classes": ["no", "yes"]})
    rows = [(float(i), -(float(i) ** 3), "uv"[i % 2], "wx"[i % 2], "yz"[i // 2 % 2]) for i in range(64)]
    found = pairs(Dataset(given, rows, ["no", "yes"] * 32))
    assert [(one.a, one.b, one.by) for one in found[:2]] == [("a", "b", SPEARMAN), ("c", "d", CRAMER)]
    assert [one.value for one in found[:2]] == pytest.approx([-1, 1])
    assert found[-1] == Pair("d", "e", CRAMER, pytest.approx(0))
    assert isinstance(survey(Dataset(given, rows, ["no", "yes"] * 32), NOW), Survey)


def test_a_date_does_not_tell_the_labels_of_its_neighbours() -> None:
    """Labels that move slowly, and a counter: between two rows it tells all, of a span to come little."""
    given = settings(task="regression", features={"day": "number"}, labels={})
    chance = random.Random(3)
    level, labels = 0.0, list[Label]()
    for _ in range(ROWS):
        level += chance.gauss(0, 1)
        labels.append(level)
    alone = survey(Dataset(given, [(float(i),) for i in range(ROWS)], labels), NOW).skills["day"].alone
    assert alone is not None
    assert alone < 0.9
