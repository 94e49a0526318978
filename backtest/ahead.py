"""A version that answers events before they come, many in one call.

A call costs a version much the same for one event as for a thousand, and an answer depends on its event alone
(`models.steady`): so what is known of an event is the same whenever it is asked.
"""

from collections.abc import Callable, Sequence
from typing import Any

from models.frame import Row
from models.scoring import Answer, Failure, Version

BLOCK = 1_000
"""Events that are answered at once."""

Coming = Callable[[int], Sequence[Row]]
"""The next so many rows."""


class Ahead(Version):
    """The answers of `version`, looked up among those of the rows that are `coming`."""

    def __init__(self, version: Version, coming: Coming) -> None:
        vars(self).update(vars(version))  # checked already
        self._version = version
        self._coming = coming
        self._known: dict[Any, Answer | Failure] = {}

    def scored(self, rows: Sequence[Row]) -> list[Answer | Failure]:
        """As `Version.scored`."""
        keys = list(map(_key, rows))
        if not all(key in self._known for key in keys):
            block = [*rows, *self._coming(BLOCK)]
            self._known = dict(zip(map(_key, block), self._version.scored(block), strict=True))
        return [self._known[key] for key in keys]


def _key(row: Row) -> Any:
    """The row as a dictionary's key: `True` and 1 are the same number to a pipeline, too."""
    return tuple(tuple(value) if isinstance(value, list) else value for value in row)
