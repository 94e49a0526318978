from pathlib import Path

import pytest

from events.errors import ScoreloopError
from ops.broker.docker import IMAGE, Container
from ops.broker.plan import Plan
from ops.broker.properties import NodePorts

ENGINE = """#!/bin/sh
for argument; do echo "$argument" >>"${0%/*}/told"; done
case $1 in
  inspect) echo 4321 ;;
  run) echo 'port is already allocated' >&2; exit $(/bin/cat "${0%/*}/exit") ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docker").write_text(ENGINE)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "exit").write_text("0")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def plan(nodes: int) -> Plan:
    return Plan("an-id", "docker", tuple(NodePorts(9092 + i, 19092 + i) for i in range(nodes)))


def test_a_container_is_told_what_a_process_is_told(docker: Path) -> None:
    container = Container(docker / "node-1", 1)
    container.start(plan(1))
    told = (docker / "told").read_text().splitlines()
    assert told[-1] == IMAGE
    assert "--publish=127.0.0.1:9092:9092" in told
    assert "--env=CLUSTER_ID=an-id" in told
    assert "--env=KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:9092" in told
    assert "--env=KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:19092" in told
    assert container.pid() == 4321
    assert container.name == Container(docker / "node-1", 1).name != Container(docker / "node-2", 1).name


def test_an_engine_that_refuses_is_quoted(docker: Path) -> None:
    (docker / "exit").write_text("125")
    with pytest.raises(ScoreloopError, match=r"could not run apache/kafka:.*port is already allocated"):
        Container(docker / "node-1", 1).start(plan(1))


def test_several_brokers_need_java(docker: Path) -> None:
    with pytest.raises(ScoreloopError, match="several brokers need Java"):
        Container(docker / "node-1", 1).start(plan(3))
