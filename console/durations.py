"""Durations and times on the command line."""

import re
from datetime import UTC, datetime
from typing import Any

import click

from events.durations import milliseconds

_ZERO = re.compile(r"0+(ms|s|m|h|d)?")
_EPOCH_MS = re.compile(r"-?\d+")


class DurationType(click.ParamType[int]):
    """A duration such as `250ms` or `48h`, in milliseconds; with `zero`, also 0."""

    name = "duration"

    def __init__(self, *, zero: bool = False) -> None:
        self._zero = zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The duration in milliseconds."""
        if isinstance(value, int):
            return value
        if self._zero and _ZERO.fullmatch(value):
            return 0
        try:
            return milliseconds(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class TimeType(click.ParamType[int]):
    """A time in ISO 8601 (UTC when it names no zone), or in milliseconds since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The time in milliseconds since the epoch."""
        if isinstance(value, int) or _EPOCH_MS.fullmatch(value):
            return int(value)
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time such as 2024-01-01T00:00Z or 1704067200000", param, ctx)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return round(time.timestamp() * 1000)
