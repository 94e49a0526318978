"""The table of faults: a row each, as text while they run and as docs/faults.md at the end."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from confluent_kafka import libversion, version
from faults.judging import Verdict

from ops.broker.jars import VERSION

GREEN = "holds"
_HEAD = ("fault", "records", "faults", "recovery, median", "maximum", "lost", "duplicated", "verdict")


@dataclass
class Row:
    """One fault, what it did, and what came of it."""

    fault: str
    times: int = 0
    """How often it was done."""
    recoveries: Sequence[float] = ()
    """Seconds, each from the fault until what it hit has moved again everywhere."""
    records: int | None = None
    lost: int | None = None
    duplicated: int | None = None
    troubles: list[str] = field(default_factory=list)
    says: str = GREEN
    """The verdict where there is no trouble: also a sentence with which a service has halted."""

    @property
    def holds(self) -> bool:
        return not self.troubles

    def cells(self) -> tuple[str, ...]:
        """Its texts, in the order of the head."""
        times = (
            [f"{median(self.recoveries):.1f} s", f"{max(self.recoveries):.1f} s"]
            if self.recoveries
            else ["", ""]
        )
        counts = ["" if count is None else f"{count:,}" for count in (self.lost, self.duplicated)]
        records = "" if self.records is None else f"{self.records:,}"
        verdict = self.says if self.holds else "BROKEN: " + "; ".join(self.troubles)
        return self.fault, records, str(self.times), *times, *counts, verdict


def row(fault: str, verdict: Verdict, times: int, recoveries: Sequence[float] = (), says: str = GREEN) -> Row:
    """The row of a fault after which everything has to be there, once."""
    return Row(
        fault, times, recoveries, verdict.records, verdict.lost, verdict.duplicated, verdict.troubles, says
    )


def line(of: Row) -> str:
    """A row as it is told while the others run."""
    return " | ".join(
        f"{cell:<{width}}" for cell, width in zip(of.cells(), (46, 7, 3, 7, 7, 3, 3, 0), strict=True)
    )


def write(rows: Sequence[Row], seconds: float, command: str, path: Path) -> None:
    """The page for people."""
    lines = [
        "# Faults",
        f"What `{command}` did to real processes and a real Kafka under load, and what came of it; this page",
        "is its output. Faults are `kill -9` unless said otherwise; recovery is from the fault until a",
        "read_committed reader has something newer from every partition that the service works on; lost and",
        "duplicated are counted by that reader, by one after the run, and against what was sent; the verdict",
        "is also that of `scoreloop verify`.",
        "",
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {_machine()}, {seconds / 60:.0f} min.",
        "",
        f"| {' | '.join(_HEAD)} |",
        f"|{' --- |' * len(_HEAD)}",
        *(f"| {' | '.join(cell.replace('|', '/') for cell in of.cells())} |" for of in rows),
        "",
        "Not shown, since one machine cannot show it: loss of power (a killed broker's pages stay in the",
        "system's cache), a network that splits, and an EndTxn that comes late (librdkafka#5423).",
        "",
    ]
    path.write_text("\n".join(lines))


def _machine() -> str:
    client = f"confluent-kafka {version()} (librdkafka {libversion()[0]})"
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {client}, Apache Kafka {VERSION}"
