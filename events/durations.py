"""Durations and times as people write them, `48h`, and as the code counts them, milliseconds."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def milliseconds(text: object) -> int:
    """The milliseconds in `text`, such as `"48h"` → 172,800,000.

    Raises:
        ValueError: `text` is no positive number with a unit, or is finer than a millisecond.
    """
    match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('must be a duration: a number with ms, s, m, h or d, such as "48h"')
    value = float(match[1]) * _MILLISECONDS[match[2]]
    if value < 1 or value != int(value):
        raise ValueError("must be a whole number of milliseconds, at least one")
    return int(value)


def written(ms: int) -> str:
    """`ms` in the largest unit that divides it: 172,800,000 → `"2d"`."""
    unit = max((u for u, size in _MILLISECONDS.items() if ms % size == 0), key=_MILLISECONDS.__getitem__)
    return f"{ms // _MILLISECONDS[unit]}{unit}"


def iso(ms: int) -> str:
    """Milliseconds since the epoch as a time in ISO 8601; the number itself where no calendar reaches."""
    try:
        time = datetime.fromtimestamp(ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(ms)
    return time.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


Duration = Annotated[
    int,
    BeforeValidator(milliseconds),
    PlainSerializer(written, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^{_PATTERN.pattern}$", "description": 'such as "250ms" or "48h"'},
    ),
]
"""A settings field: written as text, held as milliseconds."""
