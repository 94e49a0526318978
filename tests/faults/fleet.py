"""A stream's services as processes under the launcher: started, hurt, and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from faults.launcher import ASLEEP, VARIABLE, Fault
from streams import ROOT, Stream, until

from events.settings import BOOTSTRAP_VARIABLE

NO_FAULT = Fault()
LINES = 5
END_SECONDS = 15.0


class Service:
    """One slot of one service. What it writes is in `log`, of all its processes."""

    def __init__(self, stream: Stream, name: str, slot: int) -> None:
        self.name, self.slot = name, slot
        self.log: Path = stream.path.with_name(f"{stream.settings.name}-{name}-{slot}.log")
        self._stream = stream
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, fault: Fault = NO_FAULT) -> "subprocess.Popen[bytes]":
        """Another process in this slot; the one before may still run."""
        environment = {k: v for k, v in os.environ.items() if k != BOOTSTRAP_VARIABLE}
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "faults.launcher", self.name, str(self._stream.path),
                 "--slot", str(self.slot), "--until-stdin-closes"],  # as this process may be killed, too
                cwd=self._stream.path.parent,
                env={**environment, "PYTHONPATH": paths, VARIABLE: json.dumps(asdict(fault))},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        self._processes.append(process)
        return process

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The newest in this slot."""
        return self._processes[-1]

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> float:
        """Send a signal; when (seconds since the epoch)."""
        now = time.time()
        self.process.send_signal(number)
        return now

    def kill(self) -> float:
        """SIGKILL; when."""
        now = self.send(signal.SIGKILL)
        self.process.wait()
        return now

    def died(self) -> float:
        """Wait until it has killed itself at its point; when."""
        try:
            until(lambda: None if self.alive else True, f"the death of {self}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said last: {self.last_words()}") from error
        now = time.time()
        assert self.process.returncode == -signal.SIGKILL, f"{self} ended with {self.last_words()}"
        return now

    def stopped(self) -> float:
        """Wait until it stands still at its point; when."""
        until(lambda: True if state(self.process.pid) == "T" else None, f"{self} to stand still")
        return time.time()

    def asleep(self) -> float:
        """Wait until it sleeps at its point; when."""
        until(lambda: True if ASLEEP in self.last_words() else None, f"{self} to sleep")
        return time.time()

    def ended(self) -> tuple[int, str]:
        """Wait until it has ended by itself: its exit code and its last line."""
        until(lambda: None if self.alive else True, f"the end of {self}")
        return self.process.returncode, self.last_words(1)

    def stop(self) -> None:
        """End its processes in order, or else at once."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self._processes:
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def last_words(self, lines: int = LINES) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def __str__(self) -> str:
        return f"{self.name}-{self.slot}"


def state(pid: int) -> str:
    """How the system says that a process is, `T` while it stands still; empty without one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
