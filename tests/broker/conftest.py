"""A real Kafka for the tests that claim something about it."""

from collections.abc import Iterator

import pytest

from events.settings import Kafka
from ops.broker import cluster


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker for the whole run, on a free port, with its records in a temporary folder."""
    data = tmp_path_factory.mktemp("broker")
    facts = cluster.start(data, port=0, say=print)
    assert facts.bootstrap_servers is not None
    try:
        yield Kafka(bootstrap_servers=facts.bootstrap_servers)
    finally:
        cluster.stop(data, say=print)
