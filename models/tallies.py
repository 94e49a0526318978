"""Sums over answers, by cell, from which every figure is made.

They add in any order and any grouping to the same sums: counts are integers and real sums are integers of
units (`models.exact`). So a tally travels as a delta, one for each cell that a transaction touched, and
whoever adds the deltas up has the whole.

A field to come (discordant pairs, histograms of features and scores) is an integer or a mapping to counts,
and takes its place at the end of `Tally` and of `_Wire`, with a default: older and newer readers then read
each other's tallies.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from events.json_reading import INT64_MAX, INT64_MIN
from events.records import Role

Segment = tuple[str, bool | int | str | None]
"""A feature and its value, None where it is missing."""
Confusion = Mapping[tuple[int, int], int]
"""(index of the label's class, index of the answer's class) → how many answers; what is not there is 0."""


class Cell(NamedTuple):
    """What a tally speaks of: a version in a role, all its events or a segment, a range of event time."""

    model_version: int
    role: Role
    segment: Segment | None
    from_ts: int
    """Where the range starts; it is a bucket long, or a window, as the context says."""


class Tally(Struct, frozen=True, kw_only=True, gc=False):
    """The sums over some answers.

    `loss`, `log_loss`, `absolute` and `label` are in units. The last three fields are a regression's, and
    `confusion` and `log_loss` a classification's. Counts in mappings are never 0, so that equal sums are
    equal tallies.
    """

    predictions: int = 0
    matched: int = 0
    expired: int = 0
    late: int = 0
    """Labels that came too late for a figure."""
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


PREDICTED = Tally(predictions=1)
"""A prediction came."""
EXPIRED = Tally(expired=1)
"""Its horizon passed without a label."""
LATE = Tally(late=1)
"""Its label came after that."""


def aligned(ts: int, length: int) -> int:
    """Where the range of `length` that holds `ts` starts; ranges are aligned to the epoch.

    The first range of all is cut off where a time's 64 bits end.
    """
    return max(ts - ts % length, INT64_MIN)


def merged(a: Tally, b: Tally) -> Tally:
    """The sums over the answers of both."""
    return Tally(**{name: _added(getattr(a, name), getattr(b, name)) for name in Tally.__struct_fields__})


def _added(a: Any, b: Any) -> Any:
    if isinstance(a, int):
        return a + b
    if not a or not b:
        return a or b
    return {**a, **{key: a.get(key, 0) + count for key, count in b.items()}}


def merged_by_cell(deltas: Iterable[tuple[Cell, Tally]]) -> dict[Cell, Tally]:
    """The sum of each cell's deltas."""
    sums: dict[Cell, Tally] = {}
    for cell, delta in deltas:
        sums[cell] = merged(sums[cell], delta) if cell in sums else delta
    return sums


class _Wire(Struct, array_like=True, frozen=True):
    """A cell and its tally as they travel."""

    model_version: int
    role: Role
    segment: Segment | None
    from_ts: int
    predictions: int
    matched: int
    expired: int
    late: int
    loss: int | bytes
    delays: list[tuple[int, int]]
    confusion: list[tuple[int, int, int]]
    log_loss: int | bytes
    absolute: int | bytes
    label: int | bytes
    label_squared: int | bytes


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
            late=tally.late,
            loss=_packed(tally.loss),
            delays=sorted(tally.delays.items()),
            confusion=sorted((*pair, count) for pair, count in tally.confusion.items()),
            log_loss=_packed(tally.log_loss),
            absolute=_packed(tally.absolute),
            label=_packed(tally.label),
            label_squared=_packed(tally.label_squared),
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
        late=wire.late,
        loss=_unpacked(wire.loss),
        delays=dict(wire.delays),
        confusion={(label, answer): count for label, answer, count in wire.confusion},
        log_loss=_unpacked(wire.log_loss),
        absolute=_unpacked(wire.absolute),
        label=_unpacked(wire.label),
        label_squared=_unpacked(wire.label_squared),
    )
    return Cell(wire.model_version, wire.role, wire.segment, wire.from_ts), tally


def _packed(number: int) -> int | bytes:
    if INT64_MIN <= number <= INT64_MAX:
        return number
    return number.to_bytes(number.bit_length() // 8 + 1, signed=True)


def _unpacked(number: int | bytes) -> int:
    return number if isinstance(number, int) else int.from_bytes(number, signed=True)
