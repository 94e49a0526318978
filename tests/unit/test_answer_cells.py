"""Answers → tallies, by `models.cells`: the sums, and that no order or grouping changes them."""

import math
import random
from collections import Counter
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple

import pytest
from answers import answered
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st
from samples import settings

from events.errors import ScoreloopError
from events.feature_codec import features_type
from events.prediction_codec import Answered
from events.settings import Settings
from models import exact, figures
from models.cells import Arm, Cells
from models.histograms import Histograms
from models.matches import judge
from models.merging import merged, merged_by_cell
from models.tallies import Cell, Tally, aligned, decoded, encoded

CLASSES = (True, 1, 1.0)
FEWER = few(max_examples=8)  # each is many answers
STREAM: dict[str, Any] = {
    "features": {
        "amount": "number",
        "shop": {"type": "category", "values": ["a", "b"], "nullable": True},
        "note": "category",
        "new": "boolean",
    },
    "windows": {"length": "1s", "bucket": "100ms", "segments": ["shop", "new"]},
}
CLASSIFYING = settings(**STREAM, labels={"classes": CLASSES})
MEASURING = settings(**STREAM, labels={}, task="regression")
FEATURES = features_type(CLASSIFYING.features)


class Happening(NamedTuple):
    kind: str
    answer: Answered
    label: Any
    label_ts: int
    loss: float
    other: Arm


def features(amount: float = 1.0, shop: str | None = "a", note: str = "", *, new: bool = True) -> Any:
    return FEATURES(f0=amount, f1=shop, f2=note, f3=new)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-10, 10)
TIMES = st.sampled_from([-1, 0, 7, 99, -(2**63), 2**63 - 1])
ROLES = st.sampled_from(["champion", "canary", "shadow"])
ROWS = st.builds(
    features,
    amount=st.sampled_from([0.0, 1.0, -5.0]),
    shop=st.sampled_from(["a", None]),
    note=st.sampled_from(["", "x"]),
    new=st.booleans(),
)


def happenings(labels: st.SearchStrategy[Any], probabilities: st.SearchStrategy[Any]) -> Any:
    answers = st.builds(
        answered, ROWS, labels, probabilities, ts=TIMES, model_version=st.integers(1, 2), role=ROLES
    )
    kinds = st.sampled_from(["predicted", "matched", "matched", "expired", "paired"])
    losses = st.sampled_from([0, 1, 1e308])
    arms = st.builds(Arm, st.integers(3, 4), ROLES, losses)
    return st.lists(st.builds(Happening, kinds, answers, labels, TIMES, losses, arms), max_size=12)


CLASSIFIED = happenings(
    st.sampled_from(CLASSES), st.fixed_dictionaries({"true": st.floats(0, 1), "1": st.floats(0, 1)})
)
MEASURED = happenings(NUMBERS, st.none())


def arm(happening: Happening) -> Arm:
    return Arm(happening.answer.model_version, happening.answer.role, happening.loss)


def tell(cells: Cells, happening: Happening) -> None:
    match happening.kind:
        case "matched":
            cells.matched(happening.answer, happening.label, happening.label_ts)
        case "paired":
            cells.paired(happening.answer.ts, arm(happening), happening.other)
        case "predicted":
            cells.predicted(happening.answer)
        case _:
            cells.expired(happening.answer)


def deltas(stream: Settings, batches: list[list[Happening]]) -> list[tuple[Cell, Tally]]:
    cells, found = Cells(stream), []
    for batch in batches:
        for happening in batch:
            tell(cells, happening)
        found += list(cells.deltas().items())
    return found


def as_bytes(sums: dict[Cell, Tally]) -> list[bytes]:
    return sorted(encoded(cell, tally) for cell, tally in sums.items())


@pytest.mark.parametrize("stream", [CLASSIFYING, MEASURING], ids=["classes", "numbers"])
@FEWER
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_any_order_and_grouping_makes_the_same_tallies(
    stream: Settings, data: st.DataObject, chance: random.Random
) -> None:
    events = data.draw(CLASSIFIED if stream.classes else MEASURED)
    whole = merged_by_cell(deltas(stream, [events]))
    shuffled = chance.sample(events, len(events))
    cuts = sorted(chance.choices(range(len(events) + 1), k=3))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    parts = deltas(stream, batches)
    chance.shuffle(parts)
    again = merged_by_cell(decoded(encoded(*part)) for part in parts)
    assert again == whole
    assert as_bytes(again) == as_bytes(whole)


def alone(stream: Settings, happening: Happening, cell: Cell) -> Tally:
    """What one happening adds to `cell`, without `Cells`."""
    answer = happening.answer
    values = {"shop": answer.features.f1, "new": answer.features.f3}  # type: ignore[attr-defined]
    if aligned(answer.ts, 100) != cell.from_ts:
        return Tally()
    if happening.kind == "paired":
        return paired(arm(happening), happening.other, cell)
    if (answer.model_version, answer.role) != (cell.model_version, cell.role):
        return Tally()
    if cell.segment is not None and values[cell.segment[0]] != cell.segment[1]:
        return Tally()
    return counted(stream, happening, histograms=cell.segment is None)


def counted(stream: Settings, happening: Happening, *, histograms: bool) -> Tally:
    answer = happening.answer
    if happening.kind == "matched":
        judging: Any = judge(stream.classes)
        tally: Tally = judging.tally([judging.match(answer, happening.label, happening.label_ts)])
        return tally
    if happening.kind == "expired":
        return Tally(expired=1)
    if not histograms:
        return Tally(predictions=1)
    made = Histograms(stream)
    seen = {} if answer.role == "shadow" else made.features({0: [answer]})
    return Tally(predictions=1, features=seen.get(0, b""), scores=made.scores({0: [answer]})[0])


def paired(one: Arm, other: Arm, cell: Cell) -> Tally:
    if cell.segment is not None:
        return Tally()
    found = Counter[tuple[int, int]]()
    for mine, its in ((one, other), (other, one)):
        if mine[:2] == cell[:2]:
            found[its.model_version, (mine.loss > its.loss) - (mine.loss < its.loss)] += 1
    return Tally(pairs=dict(found))


@pytest.mark.parametrize("stream", [CLASSIFYING, MEASURING], ids=["classes", "numbers"])
@FEWER
@given(data=st.data())
def test_a_cell_is_the_sum_of_its_answers(stream: Settings, data: st.DataObject) -> None:
    events = data.draw(CLASSIFIED if stream.classes else MEASURED)
    found = dict(deltas(stream, [events]))
    for cell, tally in found.items():
        assert tally == reduce(merged, [alone(stream, event, cell) for event in events], Tally())
    assert sum(t.predictions for t in found.values()) == 3 * sum(e.kind == "predicted" for e in events)
    assert sum(sum(t.pairs.values()) for t in found.values()) == 2 * sum(e.kind == "paired" for e in events)


def test_an_answer_counts_for_all_and_for_each_segment() -> None:
    cells = Cells(CLASSIFYING)
    cells.predicted(answered(features(new=False), 1, ts=-1))
    cells.predicted(answered(features(shop=None), 1, ts=100))
    found = cells.deltas()
    assert {cell: tally.without_histograms() for cell, tally in found.items()} == {
        Cell(7, "champion", segment, start): Tally(predictions=1)
        for start, segments in {
            -100: (None, ("shop", "a"), ("new", False)),
            100: (None, ("shop", None), ("new", True)),
        }.items()
        for segment in segments
    }
    assert [cell for cell, tally in found.items() if tally.features or tally.scores] == [
        Cell(7, "champion", None, start) for start in (-100, 100)
    ]
    assert cells.deltas() == {}


def test_the_features_of_shadows_are_not_counted_again() -> None:
    cells = Cells(CLASSIFYING)
    for role in ("champion", "canary", "shadow"):
        cells.predicted(answered(features(), 1, {"true": 0.2}, role=role))  # type: ignore[arg-type]
    tallies = {cell.role: tally for cell, tally in cells.deltas().items() if cell.segment is None}
    assert tallies["champion"] == tallies["canary"]
    assert tallies["shadow"].features == b""
    assert tallies["shadow"].scores == tallies["champion"].scores != b""


def test_pairs_are_counted_for_both() -> None:
    cells = Cells(CLASSIFYING)
    cells.paired(150, Arm(7, "champion", 1), Arm(6, "shadow", 0))
    cells.paired(199, Arm(6, "shadow", 0), Arm(7, "champion", 1))
    cells.paired(150, Arm(7, "champion", 0), Arm(6, "shadow", 0))
    assert cells.deltas() == {
        Cell(7, "champion", None, 100): Tally(pairs={(6, 1): 2, (6, 0): 1}),
        Cell(6, "shadow", None, 100): Tally(pairs={(7, -1): 2, (7, 0): 1}),
    }


def test_classes_are_judged_by_type_and_value() -> None:
    cells = Cells(CLASSIFYING)
    row = features()
    assert repr(cells.matched(answered(row, 1, {"1": 0.25, "true": 0.5}), label=True, label_ts=1234)) == "1"
    assert repr(cells.matched(answered(row, 1.0, {"1.0": 1.0}), label=1.0, label_ts=-5)) == "0"
    assert cells.matched(answered(row, 1), label=True, label_ts=0) == 1
    tally = cells.deltas()[Cell(7, "champion", None, 0)]
    assert (tally.matched, tally.loss) == (3, 2 * exact.ONE)
    assert tally.confusion == {(0, 1): 2, (2, 2): 1}
    assert tally.delays == {1300: 1, 0: 2}
    assert tally.log_loss == exact.units(-math.log(0.5)) + exact.units(figures.log_loss(0.0))


@pytest.mark.parametrize(("prediction", "label"), [(2, 1), (1, 2), ("1", 1), (False, True)])
def test_what_is_no_class_any_more_is_an_error_with_a_way_out(prediction: Any, label: Any) -> None:
    cells = Cells(CLASSIFYING)
    with pytest.raises(
        ScoreloopError, match=r"version 7, .* does not fit .* put them back, or use a new `name`"
    ):
        cells.matched(answered(features(), prediction, {"1": 1.0}), label, 0)
    assert cells.deltas() == {}
    with pytest.raises(ScoreloopError, match="does not fit"):
        Cells(MEASURING).matched(answered(features(), "fraud"), 1.0, 0)


def test_numbers_are_judged_exactly() -> None:
    cells = Cells(MEASURING)
    row = features()
    assert cells.matched(answered(row, 2.5), 1, 0) == 2.25
    assert cells.matched(answered(row, 0.1), 0.3, 0) == (0.1 - 0.3) * (0.1 - 0.3)
    tally = cells.deltas()[Cell(7, "champion", None, 0)]
    assert Fraction(tally.label_squared, exact.ONE**2) == 1 + Fraction(0.3) ** 2
    assert tally.loss == exact.units(2.25) + exact.units((0.1 - 0.3) * (0.1 - 0.3))
    assert tally.absolute == exact.units(1.5) + exact.units(0.3 - 0.1)


def test_an_error_beyond_a_double_counts_as_the_largest() -> None:
    cells = Cells(MEASURING)
    for _ in range(200):
        assert cells.matched(answered(features(), 1e308), -1e308, 0) == exact.LARGEST
    tally = cells.deltas()[Cell(7, "champion", None, 0)]
    assert exact.ratio(tally.loss, 200 * exact.ONE) == exact.LARGEST
    assert exact.ratio(tally.absolute, 200 * exact.ONE) == exact.LARGEST
