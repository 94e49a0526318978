from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st

from models import exact
from models.counts import counted
from models.merging import merged
from models.tallies import Cell, Tally, aligned, decoded, encoded

FEWER = few(max_examples=30)
INTEGERS = (
    st.integers()
    | st.integers(-(2**2200), 2**2200)
    | st.integers(-9, 9).map(lambda count: count * exact.ONE)
    | st.sampled_from([2**63, -(2**63), 2**63 - 1, -(2**64), 2**2000 - 1])
)
SUMS = ("loss", "log_loss", "absolute", "label", "label_squared")
SMALL = st.integers(-3, 3)
PAIRS = st.dictionaries(st.tuples(SMALL, SMALL), st.integers(1, 9), max_size=3)
HISTOGRAMS = st.lists(st.integers(0, 3), max_size=5).map(
    lambda keys: counted(np.zeros(len(keys), dtype=np.int64), np.array(keys, dtype=np.int64), 1, 4)[0]
)
TALLIES = st.builds(
    Tally,
    predictions=SMALL,
    delays=st.dictionaries(SMALL, st.integers(1, 9)),
    confusion=PAIRS,
    pairs=PAIRS,
    features=HISTOGRAMS,
    scores=HISTOGRAMS,
)


@FEWER
@given(st.lists(INTEGERS, min_size=5, max_size=5), PAIRS, PAIRS)
def test_bytes_keep_all(sums: list[int], confusion: Any, pairs: Any) -> None:
    cell = Cell(1, "canary", ("new", True), -100)
    tally = Tally(
        **dict(zip(SUMS, sums, strict=True)),
        predictions=3,
        matched=2,
        expired=1,
        delays={5: 1, 0: 2},
        confusion=confusion,
        pairs=pairs,
        features=b"features",
        scores=b"scores",
    )
    assert decoded(encoded(cell, tally)) == (cell, tally)
    assert decoded(encoded(cell, tally))[0].segment == ("new", True)


@FEWER
@given(TALLIES, TALLIES, TALLIES)
def test_tallies_add_in_any_order_and_grouping(a: Tally, b: Tally, c: Tally) -> None:
    assert merged(merged(a, b), c) == merged(c, a, b) == merged(b, merged(a, c))
    assert merged(a, Tally()) == merged(a) == a


def test_a_sum_s_zeros_cost_no_bytes() -> None:
    cell = Cell(1, "champion", None, 0)
    few = encoded(cell, Tally(loss=5))
    assert len(encoded(cell, Tally(loss=5 * exact.ONE))) == len(few) + 2


def test_a_reader_takes_a_tally_with_fields_to_come_or_without_the_newest_and_no_other_bytes() -> None:
    cell, tally = Cell(1, "champion", None, 0), Tally(predictions=1)
    fields = msgspec.msgpack.decode(encoded(cell, tally))
    assert decoded(msgspec.msgpack.encode([*fields, [[1, 2, 3]]])) == (cell, tally)
    assert decoded(msgspec.msgpack.encode(fields[:-3])) == (cell, tally)
    with pytest.raises(msgspec.DecodeError):
        decoded(b"{}")


def test_figures_need_no_histograms() -> None:
    assert Tally(matched=1, features=b"f", scores=b"s").without_histograms() == Tally(matched=1)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 10**9))
def test_a_range_holds_its_times(ts: int, length: int) -> None:
    start = aligned(ts, length)
    assert start <= ts < start + length
    assert start % length == 0 or start == -(2**63)
    assert aligned(start, length) == start
