import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st

from models.counts import NONE, added, counted, dense, unpacked

SIZE = 40
FEWER = few(max_examples=30)
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, SIZE - 1)), max_size=30)


def as_dict(value: bytes) -> dict[int, int]:
    keys, counts = unpacked(value)
    assert keys.tolist() == sorted(keys.tolist())
    return dict(zip(keys.tolist(), counts.tolist(), strict=True))


def counting(key: int, count: int) -> bytes:
    """A large count is made of doublings."""
    [double] = counted(np.zeros(1, dtype=np.int64), np.array([key]), 1, key + 1)
    parts = []
    while count:
        parts += [double] if count & 1 else []
        count, double = count >> 1, added([double, double])
    return added(parts)


@FEWER
@given(PAIRS, st.integers(1, 20))
def test_each_group_has_its_counts(pairs: list[tuple[int, int]], times: int) -> None:
    many = pairs * times  # few of all possible keys, and more than there are
    groups, keys = np.array(many, dtype=np.int64).reshape(-1, 2).T
    found = counted(groups, keys, 5, SIZE)
    for group in range(5):
        expected = Counter(key for of, key in many if of == group)
        assert as_dict(found[group]) == expected
        assert dense(found[group], SIZE).tolist() == [expected[key] for key in range(SIZE)]


@FEWER
@given(PAIRS, st.randoms(use_true_random=False))
def test_counts_add_in_any_order_and_grouping(pairs: list[tuple[int, int]], chance: random.Random) -> None:
    groups, keys = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    [whole] = counted(0 * groups, keys, 1, SIZE)
    parts = counted(groups, keys, 5, SIZE)
    chance.shuffle(parts)
    cut = chance.randrange(6)
    assert added([added(parts[:cut]), added(parts[cut:])]) == whole == added(parts)


@pytest.mark.parametrize("count", [1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**52])
def test_counts_take_the_width_of_the_largest(count: int) -> None:
    found = added([counting(70_000, count), counting(3, 1)])
    assert as_dict(found) == {3: 1, 70_000: count}
    assert len(found) == 2 * (4 + next(w for w in (1, 2, 4, 8) if count < 256**w)) + 1


def test_no_counts_are_no_bytes() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert counted(nothing, nothing, 2, 1) == [NONE, NONE]
    assert added([NONE, NONE]) == added([]) == NONE
    assert as_dict(NONE) == {}
