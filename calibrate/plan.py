"""What is measured, cut into pieces of work that processes share."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from itertools import chain
from typing import Any, NamedTuple, get_args

from calibrate.alarms import Alarms, Watched, added, as_it_comes, delays, false_alarms
from calibrate.canaries import Canary, canary
from calibrate.streams import ERROR, EVENTS, KINDS
from events.settings import DetectorName

NAMES: Sequence[str] = get_args(DetectorName)
TOLERATED = ERROR + 0.01
"""The baseline of detectors that are told one: a gate that measured the error itself, and the tolerance."""
SIZES = (10, 25, 100)
"""Events in a cohort."""
STREAMS = 200
SIZE = 10
"""Events in a cohort where all detectors are compared."""
MIXED = {"independent": 100, "missing": 50, "autocorrelated": 50}
"""Streams of each kind on which all detectors are compared."""
RISES = {0.25: 70, 0.30: 100, 0.40: 70}
"""Error after the change → streams with it."""
EXCESSES = {0.0: 1_000, 0.02: 400, 0.04: 400, -0.02: 400}
"""How much larger the challenger's error is → canaries."""
_SHORT = 300
"""Events of a stream for kswin, which takes half a millisecond for each and rings within them."""
_PIECE = 25
"""Streams, or a tenth of the canaries, in a piece of work."""


class Row(NamedTuple):
    """A detector with a guarantee, and what it is tried on."""

    name: str
    baseline: float
    kind: str
    """Of stream."""
    said: bool = False
    """Whether settings say that losses are autocorrelated."""


ROWS = (
    *(Row("e-sr", baseline, kind) for baseline in (ERROR, TOLERATED) for kind in KINDS),
    *(Row("e-sr", baseline, "autocorrelated", said=True) for baseline in (ERROR, TOLERATED)),
    *(Row("lifetime", ERROR, kind) for kind in KINDS),
    Row("lifetime", ERROR, "autocorrelated", said=True),
)


class Results(NamedTuple):
    """All that was measured."""

    alone: Mapping[tuple[Row, int], Alarms]
    """Of detectors with a guarantee, and cohort."""
    sized: Mapping[int, Sequence[int | None]]
    """Cohort → e-SR's delays from 0.20 to 0.30."""
    mixed: Mapping[tuple[str, str], Alarms]
    """Detector, kind of stream."""
    hinkley: Alarms
    """River's PageHinkley as it comes, on the independent streams."""
    late: Mapping[tuple[str, float], Sequence[int | None]]
    """Detector, error after the change → delays."""
    canaries: Mapping[float, Sequence[Canary]]
    """Excess of the error → what came of them."""


def measured(pool: Executor) -> Results:
    """Everything, from the seeds of `calibrate.streams` and `calibrate.canaries`."""
    mixed = {
        (name, kind): _in_pieces(pool, false_alarms, streams, compared(name), kind)
        for name in NAMES
        for kind, streams in MIXED.items()
    }
    hinkley = _in_pieces(pool, as_it_comes, MIXED["independent"])
    late = {
        (name, error): _in_pieces(pool, delays, streams, compared(name), error)
        for name in NAMES
        for error, streams in RISES.items()
    }
    alone = {
        (row, size): _in_pieces(
            pool,
            false_alarms,
            STREAMS,
            Watched(row.name, row.baseline, size, autocorrelated=row.said),
            row.kind,
        )
        for row in ROWS
        for size in SIZES
    }
    sized = {
        size: _in_pieces(pool, delays, STREAMS, Watched("e-sr", TOLERATED, size), 0.30) for size in SIZES
    }
    canaries = {
        excess: _in_pieces(pool, _canaries, number, excess, piece=10 * _PIECE)
        for excess, number in EXCESSES.items()
    }
    return Results(
        {key: added(_got(pieces)) for key, pieces in alone.items()},
        {key: list(chain.from_iterable(_got(pieces))) for key, pieces in sized.items()},
        {key: added(_got(pieces)) for key, pieces in mixed.items()},
        added(_got(hinkley)),
        {key: list(chain.from_iterable(_got(pieces))) for key, pieces in late.items()},
        {key: list(chain.from_iterable(_got(pieces))) for key, pieces in canaries.items()},
    )


def compared(name: str) -> Watched:
    """How a detector watches where all are compared."""
    return Watched(name, TOLERATED, SIZE, _SHORT if name == "kswin" else EVENTS)


def _in_pieces(
    pool: Executor, work: Callable[..., Any], number: int, *arguments: object, piece: int = _PIECE
) -> list[Future[Any]]:
    ranges = (range(first, min(first + piece, number)) for first in range(0, number, piece))
    return [pool.submit(work, *arguments, numbers) for numbers in ranges]


def _got(pieces: list[Future[Any]]) -> list[Any]:
    return [piece.result() for piece in pieces]


def _canaries(excess: float, numbers: range) -> list[Canary]:
    return [canary(excess, number) for number in numbers]
