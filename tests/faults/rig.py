"""What all faults share: a broker of this run's own, and how much is asked for."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.table import Row

from events.errors import ScoreloopError
from events.settings import Kafka
from ops.broker import cluster
from ops.broker.facts import Facts


@dataclass(frozen=True)
class Rig:
    """One cluster in `data`."""

    data: Path
    kafka: Kafka
    long: bool
    """More repetitions, and rows that take long."""

    def repeated(self, short: int, long: int) -> int:
        """How often a fault is done."""
        return long if self.long else short

    def facts(self) -> Facts:
        """How the cluster is."""
        return cluster.status(self.data)

    def start(self) -> None:
        """Start the brokers that were killed; again if the machine was too busy for their first start."""
        try:
            cluster.start(self.data, say=_silent)
        except ScoreloopError:
            cluster.start(self.data, say=_silent)


Scenario = Callable[[Rig], Iterator[Row]]
"""Does something bad, several times, and yields a row each."""


@contextmanager
def rigged(*, long: bool, brokers: int = 1) -> Iterator[Rig]:
    """A cluster for this run, gone with it."""
    with tempfile.TemporaryDirectory(prefix="faults-broker-") as folder:
        data = Path(folder)
        facts = cluster.start(data, port=0, brokers=brokers, say=_silent)
        assert facts.bootstrap_servers is not None
        try:
            yield Rig(data, Kafka(bootstrap_servers=facts.bootstrap_servers), long)
        finally:
            cluster.stop(data, say=_silent)


def _silent(_: str) -> None:
    pass
