"""Lists and tables in Markdown."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Lines = Iterable[str]

_LONGEST = 300
"""Of a cell."""


def listed(facts: Mapping[str, Any]) -> Lines:
    """A line for each fact."""
    return (f"- {name}: {_cell(value)}" for name, value in facts.items())


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Lines:
    """A table with a line under its head."""
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
