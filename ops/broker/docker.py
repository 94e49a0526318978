"""A node in a Docker engine, for machines without Java: Apache Kafka's official image, the same settings.

Not run here: no machine of the project has an engine. Written after the image's documentation.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from events.errors import ScoreloopError
from ops.broker.jars import VERSION
from ops.broker.plan import Plan
from ops.broker.process import telling
from ops.broker.properties import properties

IMAGE = f"apache/kafka:{VERSION}"

_RECORDS = "/var/lib/kafka/data"
_STOP_SECONDS = "20"


def lack() -> str | None:
    """What keeps this machine from running containers, or None if nothing does."""
    answers = shutil.which("docker") and _docker("info").returncode == 0
    return None if answers else "no Docker engine answers"


@dataclass(frozen=True, slots=True)
class Container:
    """A `Node` in a container of its own; its records are in a volume of the same name, not in `folder`."""

    folder: Path
    node_id: int

    @property
    def name(self) -> str:
        """The same for the same folder, so that a later call finds it."""
        return f"scoreloop-broker-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"

    @property
    def log(self) -> str:
        """The command that shows its log."""
        return f"docker logs {self.name}"

    def start(self, plan: Plan) -> None:
        """Replace a container that was stopped, and keep its volume.

        Raises:
            ScoreloopError: more than one node was asked for, or the engine refused.
        """
        if len(plan.nodes) > 1:
            raise ScoreloopError("several brokers need Java and Maven; with Docker leave --brokers out")
        port = plan.nodes[0].broker
        settings = {**properties(self.node_id, plan.nodes, bind="0.0.0.0"), "log.dirs": _RECORDS}  # noqa: S104 (within the container; published on loopback only)
        told = [f"--env=KAFKA_{key.upper().replace('.', '_')}={value}" for key, value in settings.items()]
        _docker("rm", "--force", self.name)
        place = [
            f"--name={self.name}",
            f"--publish=127.0.0.1:{port}:{port}",
            f"--volume={self.name}:{_RECORDS}",
        ]
        run = _docker("run", "--detach", *place, *told, f"--env=CLUSTER_ID={plan.cluster_id}", IMAGE)
        if run.returncode:
            raise ScoreloopError(f"Docker could not run {IMAGE}: {telling(run.stderr)}")

    def pid(self) -> int | None:
        """The engine's process id of it, if it runs."""
        found = _docker("inspect", "--format={{.State.Pid}}", self.name).stdout.strip()
        return int(found) if found.isdigit() and found != "0" else None

    def terminate(self) -> None:
        """Stop it; unlike a process it is waited for."""
        _docker("stop", "-t", _STOP_SECONDS, self.name)

    def kill(self) -> None:
        """Kill it; its volume stays."""
        _docker("kill", self.name)

    def last_words(self) -> str:
        """The last line of its log that is no stack frame."""
        logs = _docker("logs", "--tail", "200", self.name)
        return telling(logs.stdout + logs.stderr)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
