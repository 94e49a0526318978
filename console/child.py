"""One child process of `up`: started again with a growing pause when it ends by itself."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import IO

from consumers.loop import TAKEN_OVER

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
HEALTHY_SECONDS = 60.0
"""A child that ran so long starts again with the first pause."""

_LAST_WORDS_SECONDS = 1.0


class Child:
    """Keeps one service running. `say` gets the lines that it writes, and what happens to it.

    The child holds the other end of its standard input: it ends when this process does, however that ends.
    """

    def __init__(self, name: str, arguments: list[str], say: Callable[[str], None]) -> None:
        self.name = name
        self.restarts = 0
        self.last_line = ""
        self._command = [*program(), *arguments]
        self._say = say
        self._pause = FIRST_PAUSE_SECONDS
        self._ended = False
        self._started = self._again = time.monotonic()
        self._process, self._relaying = self._spawned()

    @property
    def pid(self) -> int | None:
        """Its process, None between two."""
        return self._process.pid if self._process.poll() is None else None

    @property
    def state(self) -> str:
        """What it is doing, in a few words."""
        if self.pid is not None:
            return "running"
        if self.replaced:
            return "replaced by a process outside this `up`"
        seconds = max(0.0, self._again - time.monotonic())
        return f"ended with {self._process.returncode}, again in {seconds:.0f} s"

    @property
    def replaced(self) -> bool:
        """Whether another process has its slot: started again, the two would replace each other for ever."""
        return self.pid is None and TAKEN_OVER in self.last_line

    def look(self) -> None:
        """Start it again when it has ended and its pause is over."""
        if self.pid is not None or (self._ended and self.replaced):
            return
        now = time.monotonic()
        if not self._ended:
            self._ended = True
            self._relaying.join(_LAST_WORDS_SECONDS)
            self._pause = self._next_pause(now)
            self._again = now + self._pause
            self._say(f"{self.name}: {self.state}")
        elif now >= self._again:
            self.restarts += 1
            self._ended, self._started = False, now
            self._process, self._relaying = self._spawned()

    def ask_to_end(self) -> None:
        """Ask it to end cleanly."""
        if self.pid is not None:
            self._process.terminate()

    def end(self, deadline: float) -> bool:
        """Wait until `deadline` (monotonic), then kill it; whether it ended by itself."""
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _spawned(self) -> tuple["subprocess.Popen[str]", Thread]:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # the terminal's Ctrl-C is for `up`, which ends its children in order
        )
        relaying = Thread(target=self._relay, args=(process.stdout,), daemon=True)
        relaying.start()
        return process, relaying

    def _relay(self, lines: IO[str]) -> None:
        for line in lines:
            self.last_line = line.rstrip()
            self._say(f"{self.name}: {self.last_line}")

    def _next_pause(self, now: float) -> float:
        if now - self._started >= HEALTHY_SECONDS:
            return FIRST_PAUSE_SECONDS
        return min(LONGEST_PAUSE_SECONDS, self._pause * 2 if self.restarts else self._pause)


def program() -> list[str]:
    """How to start `scoreloop` again from this very installation."""
    script = Path(sys.executable).parent / "scoreloop"
    return [str(script)] if script.exists() else [sys.executable, "-m", "console.main"]
