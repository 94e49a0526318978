import math
import random
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.records import Role
from events.settings import Windows
from models import exact, figures
from models.cells import Cells
from models.delays import quantile, rounded
from models.matches import judge
from models.tallies import (
    EXPIRED,
    LATE,
    PREDICTED,
    Cell,
    Tally,
    aligned,
    decoded,
    encoded,
    merged,
    merged_by_cell,
)

CLASSES = (True, 1, "1")
FEWER = settings(max_examples=15)  # each is many answers
WINDOWS = Windows.model_validate({"length": "1s", "bucket": "100ms", "segments": ["shop", "new"]})


@dataclass(frozen=True)
class Answer:
    ts: int = 0
    prediction: Any = 0.0
    probabilities: Any = None
    model_version: int = 7
    role: Role = "champion"
    features: Any = field(default_factory=dict)


@dataclass(frozen=True)
class Happening:
    kind: str
    answer: Answer
    label: Any
    label_ts: int


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-10, 10)
TIMES = st.integers(-300, 300) | st.sampled_from([-(2**63), 2**63 - 1])


def happenings(labels: st.SearchStrategy[Any], probabilities: st.SearchStrategy[Any]) -> Any:
    answers = st.builds(
        Answer,
        ts=TIMES,
        prediction=labels,
        probabilities=probabilities,
        model_version=st.integers(1, 2),
        role=st.sampled_from(["champion", "shadow"]),
        features=st.fixed_dictionaries({"shop": st.sampled_from(["a", None]), "new": st.booleans()}),
    )
    kinds = st.sampled_from(["predicted", "matched", "matched", "expired", "late"])
    return st.lists(st.builds(Happening, kinds, answers, labels, TIMES), max_size=12)


CLASSIFIED = happenings(
    st.sampled_from(CLASSES), st.fixed_dictionaries({"true": st.floats(0, 1), "1": st.floats(0, 1)})
)
MEASURED = happenings(NUMBERS, st.none())


def tell(cells: Cells, happening: Happening) -> None:
    if happening.kind == "matched":
        cells.matched(happening.answer, happening.label, happening.label_ts)
    else:
        getattr(cells, happening.kind)(happening.answer)


def deltas(classes: tuple[Any, ...], batches: list[list[Happening]]) -> list[tuple[Cell, Tally]]:
    cells, found = Cells(classes, WINDOWS), []
    for batch in batches:
        for happening in batch:
            tell(cells, happening)
        found += list(cells.deltas().items())
    return found


def as_bytes(sums: dict[Cell, Tally]) -> list[bytes]:
    return sorted(encoded(cell, tally) for cell, tally in sums.items())


def check_any_partition(classes: tuple[Any, ...], events: list[Happening], chance: random.Random) -> None:
    whole = merged_by_cell(deltas(classes, [events]))
    shuffled = chance.sample(events, len(events))
    cuts = sorted(chance.choices(range(len(events) + 1), k=3))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    parts = deltas(classes, batches)
    chance.shuffle(parts)
    again = merged_by_cell(decoded(encoded(*part)) for part in parts)
    assert again == whole
    assert as_bytes(again) == as_bytes(whole)


@FEWER
@given(CLASSIFIED, st.randoms(use_true_random=False))
def test_any_order_and_grouping_of_classes_makes_the_same_tallies(events: Any, chance: random.Random) -> None:
    check_any_partition(CLASSES, events, chance)


@FEWER
@given(MEASURED, st.randoms(use_true_random=False))
def test_any_order_and_grouping_of_numbers_makes_the_same_tallies(events: Any, chance: random.Random) -> None:
    check_any_partition((), events, chance)


def alone(classes: tuple[Any, ...], happening: Happening) -> Tally:
    """The tally of one happening, without `Cells`."""
    if happening.kind != "matched":
        return {"predicted": PREDICTED, "expired": EXPIRED, "late": LATE}[happening.kind]
    judging: Any = judge(classes)
    answer, delay = happening.answer, happening.label_ts - happening.answer.ts
    match = judging.match(answer.prediction, answer.probabilities, happening.label, delay)
    tally: Tally = judging.tally([match])
    return tally


@pytest.mark.parametrize("classes", [CLASSES, ()])
@FEWER
@given(data=st.data())
def test_a_cell_is_the_sum_of_its_answers(classes: tuple[Any, ...], data: st.DataObject) -> None:
    events = data.draw(CLASSIFIED if classes else MEASURED)
    found = dict(deltas(classes, [events]))
    for cell, tally in found.items():
        mine = [
            alone(classes, e)
            for e in events
            if (e.answer.model_version, e.answer.role) == (cell.model_version, cell.role)
            and aligned(e.answer.ts, 100) == cell.from_ts
            and (cell.segment is None or e.answer.features[cell.segment[0]] == cell.segment[1])
        ]
        assert tally == reduce(merged, mine, Tally())
    assert sum(t.predictions for t in found.values()) == 3 * sum(e.kind == "predicted" for e in events)


def test_an_answer_counts_for_all_and_for_each_segment() -> None:
    cells = Cells(CLASSES, WINDOWS)
    cells.predicted(Answer(ts=-1, features={"shop": "a", "new": False}))
    cells.predicted(Answer(ts=100, features={"shop": None, "new": True}))
    assert cells.deltas() == {
        Cell(7, "champion", segment, start): PREDICTED
        for start, segments in {
            -100: (None, ("shop", "a"), ("new", False)),
            100: (None, ("shop", None), ("new", True)),
        }.items()
        for segment in segments
    }
    assert cells.deltas() == {}


def test_classes_are_judged_by_type_and_value() -> None:
    judging = judge((True, 1, "1", 1.0))
    tally = merged(
        judging.tally([judging.match(1, {"1": 0.25, "true": 0.5}, label=True, delay=1234)]),  # type: ignore[list-item]
        judging.tally([judging.match(1.0, {"1.0": 1.0}, 1.0, -5)]),  # type: ignore[list-item]
    )
    assert (tally.matched, tally.loss) == (2, exact.ONE)
    assert tally.confusion == {(0, 1): 1, (3, 3): 1}
    assert tally.delays == {1300: 1, 0: 1}
    assert tally.log_loss == exact.units(-math.log(0.5))
    with pytest.raises(KeyError):
        judging.match(1, {}, 2, 0)


def test_a_class_without_a_probability_had_none() -> None:
    judging: Any = judge(CLASSES)
    assert judging.match(1, {}, label=True, delay=0).log_loss == figures.log_loss(0.0)


def test_numbers_are_judged_exactly() -> None:
    judging: Any = judge(())
    tally = judging.tally([judging.match(2.5, None, 1, 0), judging.match(0.1, None, 0.3, 0)])
    squares = Fraction(tally.label_squared, exact.ONE**2)
    assert squares == 1 + Fraction(0.3) ** 2
    assert tally.loss == exact.units(2.25) + exact.units((0.1 - 0.3) * (0.1 - 0.3))
    assert tally.absolute == exact.units(1.5) + exact.units(0.3 - 0.1)


def test_an_error_beyond_a_double_counts_as_the_largest() -> None:
    judging: Any = judge(())
    tally = judging.tally([judging.match(1e308, None, -1e308, 0)] * 200)
    assert exact.ratio(tally.loss, 200 * exact.ONE) == exact.LARGEST
    assert exact.ratio(tally.absolute, 200 * exact.ONE) == exact.LARGEST


INTEGERS = st.integers() | st.integers(-(2**2000), 2**2000) | st.sampled_from([2**63, -(2**63), 2**63 - 1])


@given(st.lists(INTEGERS, min_size=5, max_size=5))
def test_bytes_keep_integers_of_any_size(sums: list[int]) -> None:
    names = ("loss", "log_loss", "absolute", "label", "label_squared")
    cell, tally = Cell(1, "canary", ("new", True), -100), Tally(**dict(zip(names, sums, strict=True)))
    assert decoded(encoded(cell, tally)) == (cell, tally)
    assert decoded(encoded(cell, tally))[0].segment == ("new", True)


def test_a_reader_takes_a_tally_with_fields_to_come_and_no_other_bytes() -> None:
    cell = Cell(1, "champion", None, 0)
    later = msgspec.msgpack.encode([*msgspec.msgpack.decode(encoded(cell, PREDICTED)), [[1, 2, 3]]])
    assert decoded(later) == (cell, PREDICTED)
    with pytest.raises(msgspec.DecodeError):
        decoded(b"{}")


@given(st.integers(-10, 10**18))
def test_a_delay_is_rounded_up_to_two_digits(delay: int) -> None:
    found = rounded(delay)
    assert found >= max(delay, 0)
    assert len(str(found).rstrip("0")) <= 2
    if delay > 0:
        step = 10 ** max(len(str(found)) - 2, 0)
        assert found - delay < step


@pytest.mark.parametrize(
    ("delay", "up"),
    [(-1, 0), (0, 0), (99, 99), (100, 100), (101, 110), (991, 1000), (86_400_000, 87_000_000)],
)
def test_delays(delay: int, up: int) -> None:
    assert rounded(delay) == up


def test_delays_past_any_horizon_still_have_a_step() -> None:
    assert rounded(2**64) == rounded(10**30) < 2**64


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=250), st.integers(1, 100))
def test_a_quantile_is_the_nearest_rank(delays: list[int], percent: int) -> None:
    ups = sorted(map(rounded, delays))
    histogram = {up: ups.count(up) for up in ups}
    assert quantile(histogram, percent) == ups[math.ceil(Fraction(percent * len(ups), 100)) - 1]


def test_no_labels_have_no_quantile() -> None:
    assert quantile({}, 50) is None


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 10**9))
def test_a_range_holds_its_times(ts: int, length: int) -> None:
    start = aligned(ts, length)
    assert start <= ts < start + length
    assert start % length == 0 or start == -(2**63)
    assert aligned(start, length) == start
