"""A dead letter at the command line: which one, which ones, and what it says."""

import time
from collections.abc import Callable
from typing import Any

import click

from events import topics
from events.dead_letters import Letter
from events.settings import Settings


class Place(click.ParamType[tuple[int, int]]):
    """A letter's place: partition and offset in `dead-letters`."""

    name = "partition-offset"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Partition and offset."""
        partition, _, offset = str(value).partition("-")
        if not (partition.isdecimal() and offset.isdecimal()):
            self.fail(f"{value!r}: give partition and offset, such as 0-17, as `list` shows them", param, ctx)
        return int(partition), int(offset)


def wanted(
    settings: Settings, reasons: tuple[str, ...], topic: str | None, since: int | None,
    places: tuple[tuple[int, int], ...] = (),
) -> Callable[[Letter], bool]:  # fmt: skip
    """Whether a letter is one that the options name."""
    oldest = None if since is None else time.time_ns() // 1_000_000 - since

    def named(one: Letter) -> bool:
        return (
            (not reasons or one.reason in reasons)
            and (topic is None or source(settings, one) == topic)
            and (oldest is None or one.ts >= oldest)
            and (not places or (one.partition, one.offset) in places)
        )

    return named


def source(settings: Settings, one: Letter) -> str:
    """The topic that a letter comes from, without the stream's name."""
    return one.source[0].removeprefix(f"{settings.name}.")


def full(settings: Settings, one: Letter) -> str:
    """A letter's topic and place, which name it anywhere."""
    return f"{topics.DEAD_LETTERS.of(settings.name)}-{one.place}"


def facts(settings: Settings, one: Letter, done: set[str]) -> dict[str, Any]:
    """What a letter says beside key and value; `done` names those that were sent back."""
    return {
        "id": one.place, "ts": one.ts, "source": "-".join(map(str, one.source)), "source_ts": one.source_ts,
        "reason": one.reason, "detail": one.detail, "truncated": one.truncated,
        "replayed": full(settings, one) in done,
    }  # fmt: skip


def shown(data: bytes | None) -> str | None:
    """Bytes for a person: text where it is any, else `hex` and their digits."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"hex {data.hex(' ')}"
    return text if all(one.isprintable() or one in "\n\r\t" for one in text) else f"hex {data.hex(' ')}"
