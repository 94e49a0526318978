"""Sums over answers, by cell, from which every figure is made.

They add in any order and any grouping to the same sums: counts are integers and real sums are integers of
units (`models.exact`). So a tally travels as a delta, one for each cell that a transaction touched, and
whoever adds the deltas up has the whole.

A field to come is an integer, a mapping to counts or `models.counts`, and takes its place at the end of
`Tally` and of `_Wire`, with a default: older and newer readers then read each other's tallies.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.json_reading import INT64_MAX, INT64_MIN
from events.records import Role
from models import counts

Segment = tuple[str, bool | str | None]
"""A feature and its value, None where it is missing."""
Confusion = Mapping[tuple[int, int], int]
"""(index of the label's class, index of the answer's class) → how many answers; what is not there is 0."""
Pairs = Mapping[tuple[int, int], int]
"""(other version, sign) → how many events that both answered; -1: this one's loss is lower, 1: higher."""


class Cell(NamedTuple):
    """What a tally speaks of: a version in a role, all its events or a segment, a range of event time."""

    model_version: int
    role: Role
    segment: Segment | None
    from_ts: int
    """Where the range starts; it is a bucket long, or a window, as the context says."""


class Tally(Struct, frozen=True, kw_only=True, gc=False):
    """The sums over some answers.

    `loss`, `log_loss`, `absolute` and `label` are in units. `confusion` and `log_loss` are a
    classification's, `absolute`, `label` and `label_squared` a regression's. Counts in mappings are never 0,
    so that equal sums are equal tallies.
    """

    predictions: int = 0
    matched: int = 0
    expired: int = 0
    loss: int = 0
    """0/1 for a classification, the squared error for a regression."""
    delays: Mapping[int, int] = {}
    """Of the matched labels, as in `models.delays`."""
    confusion: Confusion = {}
    log_loss: int = 0
    absolute: int = 0
    """Of the errors' absolute values."""
    label: int = 0
    label_squared: int = 0
    """Of the squares of the labels in units: in units of units, so that the labels' variance is exact."""
    pairs: Pairs = {}
    """Of labelled events that another version answered too."""
    features: bytes = counts.NONE
    """`models.histograms` of what was predicted from, by the versions that served."""
    scores: bytes = counts.NONE
    """`models.histograms` of what was predicted. These and `pairs` are counted where the segment is None."""
    losses: Mapping[int, int] = {}
    """Of a regression, as in `models.losses`."""

    def without_histograms(self) -> "Tally":
        """What figures need."""
        if not self.features and not self.scores:
            return self
        return replace(self, features=counts.NONE, scores=counts.NONE)


def aligned(ts: int, length: int) -> int:
    """Where the range of `length` that holds `ts` starts; ranges are aligned to the epoch.

    The first range of all is cut off where a time's 64 bits end.
    """
    return max(ts - ts % length, INT64_MIN)


_Sum = tuple[int, int | bytes]
"""How many zero bits a number ends with, and what stands before them, as two's complement past 64 bits."""


class _Wire(Struct, array_like=True, frozen=True):
    """A cell and its tally as they travel."""

    model_version: int
    role: Role
    segment: Segment | None
    from_ts: int
    predictions: int
    matched: int
    expired: int
    loss: _Sum
    delays: list[tuple[int, int]]
    confusion: list[tuple[int, int, int]]
    log_loss: _Sum
    absolute: _Sum
    label: _Sum
    label_squared: _Sum
    pairs: list[tuple[int, int, int]] = []
    features: bytes = counts.NONE
    scores: bytes = counts.NONE
    losses: list[tuple[int, int]] = []


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_Wire)


def encoded(cell: Cell, tally: Tally) -> bytes:
    """`cell` and `tally` as MessagePack; equal ones have equal bytes.

    MessagePack and not JSON, as it has a type for bytes: an integer beyond 64 bits is its two's complement,
    a third of its decimal text, and nothing has to be parsed. Nobody else reads this topic.
    """
    return _encode(
        _Wire(
            *cell,
            predictions=tally.predictions,
            matched=tally.matched,
            expired=tally.expired,
            loss=_packed(tally.loss),
            delays=sorted(tally.delays.items()),
            confusion=_rows(tally.confusion),
            log_loss=_packed(tally.log_loss),
            absolute=_packed(tally.absolute),
            label=_packed(tally.label),
            label_squared=_packed(tally.label_squared),
            pairs=_rows(tally.pairs),
            features=tally.features,
            scores=tally.scores,
            losses=sorted(tally.losses.items()),
        )
    )


def decoded(value: bytes) -> tuple[Cell, Tally]:
    """The cell and the tally that were `encoded`.

    Raises:
        msgspec.DecodeError: `value` is nothing of the kind.
    """
    wire = _decoder.decode(value)
    tally = Tally(
        predictions=wire.predictions,
        matched=wire.matched,
        expired=wire.expired,
        loss=_unpacked(wire.loss),
        delays=dict(wire.delays),
        confusion=_counts(wire.confusion),
        log_loss=_unpacked(wire.log_loss),
        absolute=_unpacked(wire.absolute),
        label=_unpacked(wire.label),
        label_squared=_unpacked(wire.label_squared),
        pairs=_counts(wire.pairs),
        features=wire.features,
        scores=wire.scores,
        losses=dict(wire.losses),
    )
    return Cell(wire.model_version, wire.role, wire.segment, wire.from_ts), tally


def _rows(pairs: Mapping[tuple[int, int], int]) -> list[tuple[int, int, int]]:
    return sorted((a, b, count) for (a, b), count in pairs.items())


def _counts(rows: list[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    return {(a, b): count for a, b, count in rows}


def _packed(number: int) -> _Sum:
    zeros = max((number & -number).bit_length() - 1, 0)
    number >>= zeros
    if INT64_MIN <= number <= INT64_MAX:
        return zeros, number
    return zeros, number.to_bytes(number.bit_length() // 8 + 1, signed=True)


def _unpacked(packed: _Sum) -> int:
    zeros, number = packed
    return (number if isinstance(number, int) else int.from_bytes(number, signed=True)) << zeros
