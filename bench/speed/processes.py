"""Services as processes of their own, and what they take of the machine."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.child import program

Process = subprocess.Popen[str]
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(*arguments: str | Path, log: Path | None = None) -> Iterator[Process]:
    """`scoreloop` with `arguments` as a process; what it says goes to `log`, or nowhere."""
    with (log or Path(os.devnull)).open("w") as said:
        process = subprocess.Popen(
            [*program(), *map(str, arguments)], stdout=said, stderr=said, stdin=subprocess.DEVNULL, text=True
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def megabytes(pid: int, what: str = "VmRSS") -> float:
    """A figure of /proc's: VmRSS is what is resident now, VmHWM the most so far."""
    return int(Path(f"/proc/{pid}/status").read_text().split(f"{what}:")[1].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """Of all threads, in the kernel and out of it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
