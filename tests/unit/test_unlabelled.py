"""Drift of features and scores, data quality, coverage: what each finds in one stretch, and says."""

import random
from typing import Any

import numpy as np
from samples import settings

from models import counts
from models.coverage import KEPT, Coverage, Span, coverage_drift
from models.data_quality import data_quality
from models.feature_drift import feature_drift
from models.finding import Finding, percent
from models.histograms import BUCKETS, Histograms, numeric, probable
from models.reference import Reference, reference
from models.score_drift import FIRST_STRETCHES, score_drift
from models.tallies import Cell, Tally

STREAM = settings(
    features={
        "x": {"type": "number", "nullable": True},
        "c": {"type": "category", "values": ["a", "b", "c", "d"]},
        "shop": "category",
        "pair": {"type": "number", "shape": [2]},
    },
    labels={"classes": [0, 1]},
)
LEAST = 0.1


def made(count: int, seed: int, **changes: Any) -> list[Any]:
    chance = random.Random(seed)
    usual: Any = {
        "x": lambda: chance.gauss(0, 1),
        "c": lambda: chance.choices("abc", [0.2, 0.3, 0.5])[0],
        "shop": lambda: f"s{chance.randrange(5)}",
        "pair": lambda: [chance.gauss(5, 1), chance.gauss(5, 1)],
    }
    given = {**usual, **changes}
    return [tuple(value() if callable(value) else value for value in given.values()) for _ in range(count)]


LEARNED: Reference = reference(STREAM, made(800, 1))


def tables(rows: list[Any]) -> dict[str, Any]:
    names = list(STREAM.features)
    found = counts.dense(Histograms(STREAM).rows({0: rows})[0], len(names) * BUCKETS)
    return dict(zip(names, found.reshape(-1, BUCKETS), strict=True))


def drifted(**changes: Any) -> dict[str | None, Finding]:
    found = feature_drift(STREAM.features, LEARNED, tables(made(300, 2, **changes)), LEAST)
    return {one.feature: one for one in found if one.matters and one.found.p < 1e-4}


def wrong(**changes: Any) -> dict[tuple[str, str | None], Finding]:
    found = data_quality(LEARNED, tables(made(300, 2, **changes)), LEAST)
    return {(one.detector, one.feature): one for one in found if one.matters and one.found.p < 1e-4}


def test_what_has_not_moved_is_not_found() -> None:
    assert drifted() == {}
    assert wrong() == {}


def test_a_number_that_moves_is_found_and_said_where() -> None:
    chance = random.Random(5)
    [found] = drifted(x=lambda: chance.gauss(0.7, 1)).values()
    assert (found.kind, found.detector, found.feature) == ("feature", "feature-drift", "x")
    assert 0.2 < found.found.distance < 0.4
    assert found.words.startswith("x: ")
    assert " % from " in found.words
    assert ", was " in found.words
    assert not found.calm


def test_a_category_that_moves_is_named() -> None:
    chance = random.Random(5)
    [found] = drifted(c=lambda: chance.choices("abc", [0.45, 0.3, 0.25])[0]).values()
    assert "% 'c', was" in found.words or "% 'a', was" in found.words
    [found] = drifted(shop="s1").values()
    assert found.words.startswith("shop: 100 % of values that share a hash, was ")
    [found] = drifted(c=lambda: chance.choices("bcd", [0.3, 0.2, 0.5])[0]).values()
    assert "outside what it learned from, was 0 %" in found.words


def test_an_array_moves_too() -> None:
    assert set(drifted(pair=lambda: [5.0, 20.0])) == {"pair"}


def test_a_narrow_number_is_found_where_it_moves_and_is_not_where_it_does_not() -> None:
    chance, stream = random.Random(8), settings(features={"x": "number"})

    def window(mean: float, rows: int) -> list[Any]:
        return [(chance.gauss(mean, 10),) for _ in range(rows)]

    def found(mean: float) -> list[Finding]:
        table = counts.dense(Histograms(stream).rows({0: window(mean, 500)})[0], BUCKETS)
        drifts = feature_drift(stream.features, learned, {"x": table}, LEAST)
        return [one for one in drifts if one.matters and one.found.p < 1e-3]

    learned = reference(stream, window(290, 2_000))
    assert sum(len(found(290)) for _ in range(100)) == 0
    assert [len(found(295)) for _ in range(20)] == [1] * 20, "half a standard deviation"
    [one] = found(300)
    assert "x: " in one.words
    assert " % from 2" in one.words or " % from 3" in one.words


def test_missing_values_where_there_were_none() -> None:
    chance = random.Random(5)
    found = wrong(x=lambda: None if chance.random() < 0.1 else chance.gauss(0, 1))
    [one] = found.values()
    assert (one.kind, one.detector, one.feature) == ("quality", "missing", "x")
    assert one.words.endswith("% missing, was 0 %")
    fewer = tables(made(300, 2, x=lambda: None if chance.random() < 0.05 else 1.0))
    for count in (100, 800):  # without parts, and with
        often = reference(STREAM, made(count, 1, x=lambda: None if chance.random() < 0.3 else 1.0))
        missing = [one for one in data_quality(often, fewer, LEAST) if one.detector == "missing"]
        assert not [one for one in missing if one.matters], "less is well"


def test_what_is_outside_what_it_learned_from() -> None:
    chance = random.Random(5)
    found = wrong(x=lambda: chance.gauss(0, 1) if chance.random() < 0.8 else 50.0)
    [one] = found.values()
    assert (one.detector, one.feature) == ("range", "x")
    assert one.words.endswith("% outside what it learned from, was 0 %")
    assert set(wrong(c=lambda: chance.choice("abd"))) == {("range", "c")}


def test_a_value_that_is_stuck_where_it_had_many() -> None:
    assert set(wrong(x=0.5)) == {("stale", "x")}
    assert wrong(x=0.5)["stale", "x"].words == "x: stuck at one value"
    days = [row for day in "abca" for row in made(200, 3, c=day)]
    found = data_quality(reference(STREAM, days), tables(made(300, 2, c="b")), LEAST)
    assert not [one for one in found if one.feature == "c" and one.matters], "a day has one, then as before"


def test_what_it_learned_to_live_with_is_no_drift() -> None:
    days = [row for day in range(8) for row in made(100, day, x=lambda day=day: float(1 + day % 4))]
    learned = reference(STREAM, days)
    found = feature_drift(STREAM.features, learned, tables(made(300, 2, x=2.0)), LEAST)
    [one] = [one for one in found if one.feature == "x"]
    assert one.found.distance > 0.4
    assert not one.matters


def test_what_a_part_had_missing_or_beyond_the_others_is_no_news() -> None:
    known = made(100, 7) + made(100, 8, x=None) + made(100, 9) + made(100, 6, x=90.0)
    learned = reference(STREAM, known)
    missing, beyond = made(150, 2) + made(150, 3, x=None), made(150, 2) + made(150, 3, x=200.0)
    for rows in (missing, beyond):
        found = data_quality(learned, tables(rows), LEAST)
        assert not [one for one in found if one.feature == "x" and one.matters]


def test_a_feature_that_the_reference_lacks_is_passed_over() -> None:
    other = Reference({"gone": LEARNED.features["x"]})
    assert list(data_quality(other, tables(made(50, 2)), LEAST)) == []
    assert list(feature_drift(STREAM.features, other, tables(made(50, 2)), LEAST)) == []


def scored(buckets: Any) -> bytes:
    [found] = counts.counted(np.zeros(len(buckets), dtype=np.int64), buckets, 1, BUCKETS)
    return found


def test_scores_are_held_against_those_that_came_first() -> None:
    chance = np.random.default_rng(3)
    first = [scored(probable(chance.beta(2, 5, 300))) for _ in range(FIRST_STRETCHES)]
    same = np.bincount(probable(chance.beta(2, 5, 300)), minlength=BUCKETS)
    assert not score_drift([0, 1], first, same, LEAST).matters
    moved = score_drift(
        [0, 1], first, np.bincount(probable(chance.beta(4, 4, 300)), minlength=BUCKETS), LEAST
    )
    assert moved.matters
    assert (moved.kind, moved.feature, moved.found.p < 1e-9) == ("score", None, True)
    assert moved.words.startswith("scores: ")
    assert " % from 0." in moved.words
    wide = [scored(probable(np.full(300, score))) for score in (0.1, 0.3, 0.5, 0.7)]
    last = np.bincount(probable(np.full(300, 0.7)), minlength=BUCKETS)
    assert not score_drift([0, 1], wide, last, LEAST).matters, "the last of the first was so too"
    real = [scored(numeric(chance.normal(100, 30, 300))) for _ in range(FIRST_STRETCHES)]
    lower = score_drift([], real, np.bincount(numeric(chance.normal(60, 30, 300)), minlength=BUCKETS), LEAST)
    assert lower.matters
    none = score_drift([0, 1], first, np.bincount(np.zeros(300, dtype=np.int64), minlength=BUCKETS), LEAST)
    assert none.words == "scores: 100 % without a probability, was 0 %"


def spans(*expired: int, answers: int = 500) -> list[Span]:
    return [Span(i, i + 1, answers, many) for i, many in enumerate(expired)]


def test_labels_that_stopped_coming() -> None:
    before = spans(20, 30, 25, 60)
    found = coverage_drift(before, Span(9, 10, 500, 300), LEAST)
    assert found.matters
    assert (found.kind, found.detector, found.found.p < 1e-9) == ("coverage", "coverage", True)
    assert found.words == "60 % of answers expired without a label, was 6.75 %"
    for span in spans(25, 0, 60):
        assert not coverage_drift(before, span, LEAST).matters
    nights = [*before, Span(4, 5, 500, 310)]
    assert not coverage_drift(nights, Span(9, 10, 500, 300), LEAST).matters, "it was so before"
    assert not coverage_drift(before[:2], Span(9, 10, 500, 300), LEAST).matters, "too little is known"


def test_coverage_is_gathered_by_windows_of_enough_answers() -> None:
    gathering = Coverage()
    found: list[Span] = []

    def take(from_ts: int, answers: int, expired: int = 0) -> None:
        cell = Cell(1, "champion", None, from_ts)
        found.extend(gathering.take(cell, Tally(predictions=answers, expired=expired), 10, 30, rows=50))

    take(0, 30, 3)
    take(10, 30, 1)
    assert found == [], "the window is not over"
    take(20, 1)
    assert found == [Span(0, 30, 61, 4)]
    take(30, 60)
    take(60, 20)
    assert found[1:] == [Span(30, 40, 60, 0)], "the next window shows that it is over"
    take(80, 20)
    take(110, 20, 20)
    assert found[2:] == [Span(60, 120, 60, 20)], "two windows have enough"
    for i in range(KEPT + 5):
        gathering.keep(Span(i, i + 1, 1, 0))
    assert [gathering.before[0].from_ts, len(gathering.before)] == [5, KEPT]


def test_percent() -> None:
    assert [percent(share) for share in (0, 0.0012, 0.125, 0.9999, 1)] == [
        "0 %", "0.12 %", "12.5 %", "100 %", "100 %",
    ]  # fmt: skip
