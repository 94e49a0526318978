"""Copies of the work tree in which tests run, with this interpreter and one broker for all."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ops.broker import cluster

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30
"""How long a test waits in vain: what is green without a bug is so well within it."""
_LONGEST_SECONDS = 600
_CONFTEST = """
import pytest
from events.settings import Kafka

@pytest.fixture(scope="session")
def kafka():
    return Kafka(bootstrap_servers={servers!r})
"""
_PYTEST = ("-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider")


class BrokenMutantError(Exception):
    """A bug could not be tried: what stands in the table must be mended."""


class Copy:
    """A copy of the files that git knows or would take; its tests find the broker at `servers`."""

    def __init__(self, folder: Path, servers: str) -> None:
        self.tree = folder / "tree"
        self._runs = folder / "runs"
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, names.split("\0")):
            if (source := ROOT / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, self.tree / name)
        patience, streams = "PATIENCE_SECONDS = ", self.tree / "tests/streams.py"
        text = re.sub(rf"(?m)^{patience}.*$", f"{patience}{PATIENCE_SECONDS}.0", streams.read_text())
        streams.write_text(text)
        (self.tree / "tests/broker/conftest.py").write_text(_CONFTEST.format(servers=servers))

    def tested(self, tests: Iterable[str]) -> tuple[int, str]:
        """What pytest comes to, up to the first failure: its exit code and what it printed."""
        return self.python(*_PYTEST, f"--basetemp={self._runs}", *tests)

    def python(self, *arguments: str) -> tuple[int, str]:
        """Python in the copy: its exit code and what it printed; nothing that it started outlives it."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.tree),  # before the editable install, which leads to the work tree
            "PYTHONDONTWRITEBYTECODE": "1",  # a file that is changed twice in a second looks the same
            "COLUMNS": "500",
        }
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=self.tree, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                printed, _ = process.communicate(timeout=_LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                raise BrokenMutantError(f"{arguments} did not end in {_LONGEST_SECONDS} s") from None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, printed


@contextmanager
def broker(data: Path) -> Iterator[str]:
    """A broker of this run's own: where it answers."""
    facts = cluster.start(data, port=0, say=lambda _: None)
    try:
        yield facts.bootstrap_servers or ""
    finally:
        cluster.stop(data, say=lambda _: None)
