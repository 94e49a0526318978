"""A node as a process of this machine, in a folder: its settings, records, log and process id."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from events.errors import ScoreloopError
from ops.broker import java
from ops.broker.plan import Plan
from ops.broker.properties import LOG_FOLDER, properties, text

_LAUNCH = '"$@" </dev/null >"$0" 2>&1 & echo $! >pid'
"""A shell in between, so that the broker is no child of ours: nobody has to wait for it when it dies."""

_TAIL_BYTES = 64 * 1024
_EXEC_LOOKS = 10
_EXEC_PAUSE_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Process:
    """A `Node` that Java runs from `jars`, with `folder` as its working directory."""

    folder: Path
    node_id: int
    jars: Path

    @property
    def log(self) -> str:
        """The path of its log; the one before it ends in `.1`."""
        return str(self.folder / "broker.log")

    def start(self, plan: Plan) -> None:
        """Write its settings, format its storage if it is new, and launch it.

        Raises:
            ScoreloopError: the storage could not be formatted.
        """
        self.folder.mkdir(exist_ok=True)
        self._settings.write_text(text(properties(self.node_id, plan.nodes)))
        if not (self.folder / LOG_FOLDER / "meta.properties").exists():
            self._format(plan.cluster_id)
        with suppress(FileNotFoundError):
            shutil.move(self.log, f"{self.log}.1")
        subprocess.run(
            [
                "/bin/sh",
                "-c",
                _LAUNCH,
                self.log,
                *java.command(self.jars, "kafka.Kafka", str(self._settings)),
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C and hang-up are not for the broker
            check=True,
        )

    def pid(self) -> int | None:
        """The process that was launched last, if it still runs and its number went to nobody else."""
        try:
            noted = (self.folder / "pid").read_text().strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not noted.isdigit() or not _command_line(int(noted)).endswith(f"kafka.Kafka {self._settings}"):
            return None
        return int(noted)

    def terminate(self) -> None:
        """SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)

    def last_words(self) -> str:
        """The last line of its log that is no stack frame."""
        with suppress(FileNotFoundError), Path(self.log).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return telling(log.read().decode(errors="replace"))
        return ""

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    def _format(self, cluster_id: str) -> None:
        tool = subprocess.run(
            java.command(
                self.jars, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._settings)
            ),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if tool.returncode:
            raise ScoreloopError(f"Kafka could not make its storage in {self.folder}: {telling(tool.stderr)}")

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid()
        if pid is None:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # it ended by itself in between
        except PermissionError:
            raise ScoreloopError(f"the broker of {self.folder} (process {pid}) is another user's") from None


def telling(log: str) -> str:
    """The last line of `log` that is no stack frame: what Java says went wrong in the end."""
    lines = (line for line in log.splitlines() if line and not line[0].isspace())
    return max(enumerate(lines), default=(0, ""))[1].strip()


def _command_line(pid: int) -> str:
    """The command of process `pid`; empty if there is none, or it has ended and nobody has asked how."""
    return _from_proc(pid) if Path("/proc/self/cmdline").exists() else _from_ps(pid)


def _from_proc(pid: int) -> str:
    """Asked more than once: between two programs (`exec`) a living process has no command for a moment."""
    for _ in range(_EXEC_LOOKS):
        try:
            line = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ").rstrip()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        if line:
            return line
        time.sleep(_EXEC_PAUSE_SECONDS)
    return ""


def _from_ps(pid: int) -> str:
    """For systems without /proc, such as macOS; images of Linux, in turn, may lack `ps`."""
    listed = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return os.fsdecode(listed.stdout).rstrip()
