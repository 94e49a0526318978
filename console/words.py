"""Lengths of time, moments and figures as a person reads them, short."""

from datetime import UTC, datetime

from events.durations import iso

_UNITS = (
    ("d", 172_800_000, 86_400_000),
    ("h", 7_200_000, 3_600_000),
    ("m", 120_000, 60_000),
    ("s", 1_000, 1_000),
)
"""Unit, from how many milliseconds on, and how many it has: 90 s say more than 1.5 min."""

_TENTHS_BELOW = 10


def span(ms: float) -> str:
    """A length of time in one unit: `850ms`, `1.5s`, `90s`, `24h`, `3d`."""
    unit, size = next(((unit, size) for unit, least, size in _UNITS if ms >= least), ("ms", 1))
    value = round(ms / size, 1 if size > 1 and ms / size < _TENTHS_BELOW else None)
    return f"{value:g}{unit}"


def ago(ms: float) -> str:
    """How long ago something was that happened `ms` before now."""
    return f"{span(max(0, ms))} ago"


def moment(ms: int) -> str:
    """A time of a day, `12-31 12:00`, to the second or millisecond where it needs it; UTC."""
    try:
        time = datetime.fromtimestamp(ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return iso(ms)  # where no calendar reaches
    text = time.strftime("%m-%d %H:%M:%S") + f".{ms % 1000:03}"
    return text.removesuffix(".000").removesuffix(":00")


def clock(ms: int) -> str:
    """The time of day, to the second; UTC."""
    return iso(ms - ms % 1000)[11:19]


def percent(share: float | None) -> str:
    """A share as `80%` or `99.7%`: all, or nothing, only where it is."""
    if share is None:
        return "-"
    tenths = round(share * 1000)
    if tenths == 1000 and share < 1:  # noqa: PLR2004 (a thousand tenths of a percent are all)
        return "<100%"
    return f"{tenths / 10:g}%" if tenths or not share else ">0%"


def figure(value: float | None) -> str:
    """A figure with what matters of it: `0.050`, `12.3`, `1.234e+07`."""
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.4g}"


def counted(number: int, one: str, several: str) -> str:
    """`1 event`, `2,000 events`."""
    return f"{number:,} {one if number == 1 else several}"
