"""Tallies → their sums, in any order and any grouping."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import astuple

from models import counts
from models.tallies import Cell, Tally


def merged(*tallies: Tally) -> Tally:
    """The sums over the answers of all."""
    columns = zip(*map(astuple, tallies), strict=True)
    return Tally(**dict(zip(Tally.__struct_fields__, map(_added, columns), strict=True)))


def _added(values: tuple[Any, ...]) -> Any:
    if isinstance(values[0], int):
        return sum(values)
    if isinstance(values[0], bytes):
        return counts.added(values)
    filled = [value for value in values if value]
    if len(filled) <= 1:
        return filled[0] if filled else {}
    sums = dict(filled[0])
    for value in filled[1:]:
        for key, count in value.items():
            sums[key] = sums.get(key, 0) + count
    return sums


def merged_by_cell(deltas: Iterable[tuple[Cell, Tally]]) -> dict[Cell, Tally]:
    """The sum of each cell's deltas."""
    found: dict[Cell, list[Tally]] = {}
    for cell, delta in deltas:
        found.setdefault(cell, []).append(delta)
    return {cell: merged(*tallies) if len(tallies) > 1 else tallies[0] for cell, tallies in found.items()}
