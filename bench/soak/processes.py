"""The processes of a soak: which they are, what memory they hold, and their sudden ends."""

import os
import random
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

SERVICES = ("scorer", "joiner", "monitor", "trainer")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STILL_KILLED = "scorer-1"
"""The one that goes on being killed in the second half, when the others' memory is watched for growth."""


def children(pid: int) -> dict[str, int]:
    """The services that the `up` of this process id runs: `scorer-0` → process id."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _text(task).split():
            words = _text(Path(f"/proc/{child}/cmdline")).split("\0")
            service = next((word for word in words if word in SERVICES), None)
            if service is not None and "--slot" in words:
                found[f"{service}-{words[words.index('--slot') + 1]}"] = int(child)
    return found


def resident(pid: int) -> int | None:
    """The process's resident memory in bytes; None where it is gone."""
    fields = _text(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE_BYTES if fields else None


def _text(path: Path) -> str:
    """What a file of /proc says; nothing where its process has just ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class Killer(Thread):
    """Kills (-9) a service at random every `gap` seconds on average, until `stop` is set.

    Once `half` is set only one of them any more: memory that grows shows in processes that live.
    """

    def __init__(
        self, running: Callable[[], Mapping[str, int]], gap: float, seed: int, half: Event, stop: Event
    ) -> None:
        super().__init__(name="killer", daemon=True)
        self.kills: list[str] = []
        self._running, self._gap = running, gap
        self._chance = random.Random(seed)
        self._half, self._stop_asked = half, stop

    def run(self) -> None:
        """Kill, and wait."""
        while not self._stop_asked.wait(self._chance.uniform(0.5, 1.5) * self._gap):
            running = self._running()
            chosen = STILL_KILLED if self._half.is_set() else self._chance.choice(sorted(running) or [""])
            if (pid := running.get(chosen)) is not None:
                os.kill(pid, signal.SIGKILL)
                self.kills.append(chosen)
