"""What stands beside the joiner's committed offset in `predictions`: where a restart begins to read.

It is committed with what it speaks of, and must fit into 4,095 bytes.
"""

import msgspec
from msgspec import Struct

from events.errors import ScoreloopError

MOST_CHECKPOINTS = 24


class Checkpoint(Struct, array_like=True, frozen=True):
    """Outcomes before `offset` are remembered until the watermark has passed `latest`."""

    offset: int
    latest: int


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of one partition of the join, as far as the topics do not say it."""

    turn: int = 0
    """Grows with each transaction: what is in memory is right if it has the same."""
    watermark: int | None = None
    finish: int | None = None
    """The newest finish that has been carried out: its offset in `internal.sources`."""
    predictions_from: int = 0
    """Every prediction that waits and is not parked stands at this offset or behind it."""
    shadows_from: int = 0
    outcomes_from: int = 0
    """Every outcome that has to be remembered stands here or behind."""
    latest: int = -(2**63)
    """The largest watermark until which anything has had to be remembered."""
    checkpoints: tuple[Checkpoint, ...] = ()


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Note)


def encoded(note: Note) -> str:
    """The metadata of an offset commit."""
    return _encode(note).decode()


def decoded(metadata: str | None, place: str) -> Note:
    """The note in the metadata of a committed offset; none where nothing was ever joined.

    Raises:
        ScoreloopError: somebody else has committed there.
    """
    if not metadata:
        return Note()
    try:
        return _decoder.decode(metadata)
    except msgspec.DecodeError:
        raise ScoreloopError(
            f"{place}: the joiner's committed offset carries a note that is not the joiner's; "
            "an offset committed by another program cannot be joined from"
        ) from None


def remembered_from(note: Note, watermark: int | None) -> tuple[int, tuple[Checkpoint, ...]]:
    """`outcomes_from` and the checkpoints that are left once the watermark has come so far."""
    start, checkpoints = note.outcomes_from, note.checkpoints
    while checkpoints and watermark is not None and watermark > checkpoints[0].latest:
        start, checkpoints = checkpoints[0].offset, checkpoints[1:]
    return start, checkpoints


def with_checkpoint(checkpoints: tuple[Checkpoint, ...], new: Checkpoint) -> tuple[Checkpoint, ...]:
    """One more; when there are too many every second goes, which only makes a restart read further back."""
    if checkpoints and (new.offset <= checkpoints[-1].offset or new.latest <= checkpoints[-1].latest):
        return checkpoints
    checkpoints = (*checkpoints, new)
    return checkpoints if len(checkpoints) <= MOST_CHECKPOINTS else checkpoints[1::2]
