"""What each feature contributes to one answer: Shapley values, by enumeration or by sampled permutations.

The features are the players; an array or a category is one of them. What a coalition S is worth is the mean
answer over background rows b to the event with the features outside of S taken from b:

    v(S) = mean_b f(x_S, b_-S)        base = v(none)        base + Σ φ_i = v(all) = f(x)

(Lundberg, Lee, NeurIPS 2017, with the marginal expectation: Janzing, Minorics, Blöbaum, AISTATS 2020). It
says what the version made of the event, not what would have changed the event's label.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from models.frame import Row

Numbers = NDArray[np.float64]
Ask = Callable[[Sequence[Row]], Numbers]
"""Rows → the number that is explained of each one's answer."""
Tell = Callable[[int], None]
"""Hears how many rows have been answered so far."""

_AT_ONCE = 5_000
_LEAST_PAIRS = 2
_LEAST_BACKGROUND = 8


@dataclass(frozen=True)
class Shares:
    """How an answer comes about: `base` and `values`, one for each feature, add up to it."""

    method: str
    base: float
    values: Numbers
    background: int
    """Rows that the values speak of: the base is the mean answer to them."""
    errors: Numbers | None = None
    """The standard error of each value, where it was sampled."""
    tolerance: float = 1e-9
    """To what they add up, for each 1 that base and values go up and down, and for less."""

    def add_up_to(self, answer: float) -> bool:
        """Whether base and values make `answer`."""
        way = abs(self.base) + float(np.abs(self.values).sum())
        return abs(self.base + float(self.values.sum()) - answer) <= self.tolerance * max(1.0, way)


def rows_of(players: int, background: int) -> int:
    """How many rows have to be answered to enumerate all coalitions."""
    return background << players


def enumerated(ask: Ask, event: Row, background: Sequence[Row], tell: Tell) -> Shares:
    """The exact values, from all 2^n coalitions of the n features.

    φ_i = Σ over S without i of |S|! (n - |S| - 1)! / n! · (v(S + i) - v(S)).
    """
    n = len(event)
    coalitions = np.arange(1 << n)
    mixed = (
        [event[i] if coalition >> i & 1 else row[i] for i in range(n)]
        for coalition in coalitions.tolist()
        for row in background
    )
    worth = _answers(ask, mixed, tell).reshape(len(coalitions), -1).mean(axis=1)
    sizes = np.bitwise_count(coalitions)
    weights = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    values = np.empty(n)
    for i in range(n):
        without = coalitions[coalitions >> i & 1 == 0]
        gains = worth[without | 1 << i] - worth[without]
        values[i] = weights[sizes[without]] @ gains
    method = f"all {len(coalitions):,} coalitions of the features: exact"
    return Shares(method, float(worth[0]), values, len(background))


def sampled(ask: Ask, event: Row, background: Sequence[Row], most: int, seed: int, tell: Tell) -> Shares:
    """Estimates from permutations: features of the event take the background's places one after the other.

    A feature's gain is averaged over permutations (Castro, Gómez, Tejada, Computers & OR 36, 2009), each with
    its reverse (Mitchell, Cooper, Frank, Holmes, JMLR 23, 2022), as many for every background row. A walk
    ends at the answer wherever it began, so the values add up whatever their errors are; these come from how
    the pairs of one background row differ, and are 0 where the answer is a sum over the features. About
    `most` rows are answered; of a background that is too large for it a part is taken, at equal distances.
    """
    n, chance = len(event), np.random.default_rng(seed)
    pair = 2 * (n + 1)
    kept = background[:: -(-len(background) // max(_LEAST_BACKGROUND, most // (_LEAST_PAIRS * pair)))]
    pairs = max(_LEAST_PAIRS, most // (len(kept) * pair))
    forth = np.stack([chance.permutation(n) for _ in range(len(kept) * pairs)])
    orders = np.stack([forth, forth[:, ::-1]], axis=1).reshape(-1, n)
    begins = np.repeat(np.arange(len(kept)), 2 * pairs).tolist()
    walks = (_walk(kept[i], event, order.tolist()) for i, order in zip(begins, orders, strict=True))
    answers = _answers(ask, (row for walk in walks for row in walk), tell).reshape(-1, n + 1)
    gains = np.empty((len(orders), n))
    np.put_along_axis(gains, orders, np.diff(answers, axis=1), axis=1)
    each = gains.reshape(len(kept), pairs, 2, n).mean(axis=2)
    errors = np.sqrt((each.var(axis=1, ddof=1) / pairs).sum(axis=0)) / len(kept)
    method = f"{2 * pairs} permutations of the features for each background row, seed {seed}"
    base = float(answers[:, 0].mean())
    return Shares(method, base, each.mean(axis=(0, 1)), len(kept), errors)


def _walk(row: Row, event: Row, order: Sequence[int]) -> Iterator[Row]:
    """From `row` to `event`, a feature a step."""
    mixed = list(row)
    yield list(mixed)
    for i in order:
        mixed[i] = event[i]
        yield list(mixed)


def _answers(ask: Ask, rows: Iterable[Row], tell: Tell) -> Numbers:
    found, rows = list[Numbers](), iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        found.append(ask(some))
        tell(sum(map(len, found)))
    return np.concatenate(found)
