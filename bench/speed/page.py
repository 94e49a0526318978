"""docs/performance.md: the results as one table, and what they are of."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from speed.figures import Figure, read

_HEAD = """# Performance
Written by `make bench`, which has its own page in bench/speed: one broker and what is measured on the same
machine, variants in turn, medians over the rounds with the smallest and the largest; ratios are of one round
in itself. The loop's services work exactly once and validate every event; there is no at-least-once mode.
"""
_BUSY = """
**The machine was busy with other work** (the load before a part, by the kernel's average of a minute, is
below): rates and waits are those of a share of it. Processor times and ratios within a round say more.
"""
_IDLE_LOAD = 1.0
_BOUNDS = """
## What bounds it
By a profile of 2026-11-22, of processor time; both services keep one thread of Python busy.

- The scorer: of 11 µs an event the step has 8.7 (reading and checking the event a quarter, writing the answer
  a quarter, the pipeline a sixth), producing 1.0 and gathering 0.5. Until then Python's collector of cycles
  took another 8: `consumers/collecting.py`. What is left to gain is the wait for a commit, a fifth of a turn,
  in which nothing is scored.
- The joiner: of 29 µs an outcome the step has 21 to 25, producing 2.3, gathering 1.2. It is flat: joining a
  label to its answer is half of it (reading the answer a second time and counting it, a third of that each),
  an answer's arrival a quarter, tallies a seventh, repartitioning a thirteenth. Half of the limit in one
  process is beyond Python objects for each record; more processes share the partitions.
- A training's reading: half is decoding, a third the client and its messages.
"""


def write(path: Path, results: dict[str, Any], order: Sequence[str]) -> None:
    """The page for people."""
    path.write_text("\n".join(_lines(results["parts"], order)))


def line(figure: Figure) -> str:
    """A figure on one line, as it is told while the others are measured."""
    return " | ".join(_cells(figure))


def _lines(parts: dict[str, Any], order: Sequence[str]) -> Iterator[str]:
    yield _HEAD
    if any(part["load_before"] > _IDLE_LOAD for part in parts.values()):
        yield _BUSY
    yield "| part | what | median | from … to | target |"
    yield "| --- | --- | --- | --- | --- |"
    for part in order:
        for figure in read(parts.get(part, {"figures": []})["figures"]):
            what, *cells = _cells(figure)
            yield f"| {part} | {what} | {' | '.join(cells)} |"
    yield ""
    for machine in sorted({part["machine"] for part in parts.values()}):
        runs = [f"{name} {part['date']} ({part['seconds']} s, load before {part['load_before']:.1f})"
                for name, part in parts.items() if part["machine"] == machine]  # fmt: skip
        yield f"{machine}: {', '.join(runs)}."
    yield _BOUNDS


def _cells(figure: Figure) -> tuple[str, ...]:
    unit = f" {figure.unit}" if figure.unit else ""
    span = f"{_number(min(figure.values))} … {_number(max(figure.values))}"
    return (
        figure.what,
        f"{_number(figure.median)}{unit}",
        span if len(figure.values) > 1 else "",
        _target(figure),
    )


def _target(figure: Figure) -> str:
    if figure.met is None:
        return ""
    sign, bound = ("≥", figure.at_least) if figure.at_least is not None else ("≤", figure.at_most or 0.0)
    return f"{sign} {_number(bound)}: {'reached' if figure.met else 'missed'}"


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
