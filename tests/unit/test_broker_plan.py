import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.errors import ScoreloopError
from ops.broker import plan
from ops.broker.plan import Plan
from ops.broker.ports import LOOPBACK, Claims, listening
from ops.broker.properties import NodePorts


@pytest.fixture
def claims() -> Iterator[Claims]:
    with Claims() as claims:
        yield claims


@pytest.fixture
def taken() -> Iterator[int]:
    with Claims() as search:
        port = search.take_any()
    with socket.create_server((LOOPBACK, port)):
        yield port


def at(*ports: int) -> Plan:
    return Plan("id", "java", tuple(NodePorts(port, port + 100) for port in ports))


def test_a_claimed_port_is_nobody_elses_until_it_is_let_go(claims: Claims) -> None:
    port = claims.take_any()
    with Claims() as others:
        assert not others.take(port)
    with Claims() as first:
        assert first.take(freed := first.take_any()) is False
    assert claims.take(freed)


def test_a_port_on_which_somebody_listens_cannot_be_claimed(claims: Claims, taken: int) -> None:
    assert listening(taken)
    assert not claims.take(taken)


def test_a_port_asked_for_is_taken_and_the_nodes_count_on_from_it(claims: Claims) -> None:
    with Claims() as search:
        port = search.take_any()
    drawn = plan.first("java", port, 2, claims)
    assert [node.broker for node in drawn.nodes] == [port, port + 1]
    assert len({node.controller for node in drawn.nodes} | {port, port + 1}) == 4
    assert drawn.bootstrap_servers == f"127.0.0.1:{port},127.0.0.1:{port + 1}"


def test_a_taken_port_that_was_asked_for_is_an_error(claims: Claims, taken: int) -> None:
    with pytest.raises(ScoreloopError, match=rf"port {taken} is taken .* --port"):
        plan.first("java", taken, 1, claims)


def test_without_a_wish_the_default_port_gives_way(
    claims: Claims, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "DEFAULT", taken)
    assert plan.first("java", None, 1, claims).nodes[0].broker != taken


def test_any_port_is_any(claims: Claims) -> None:
    assert plan.first("java", plan.ANY_PORT, 1, claims).nodes[0].broker > 0


def test_a_cluster_id_is_22_characters_and_no_option(claims: Claims) -> None:
    ids = {plan.first("java", plan.ANY_PORT, 0, claims).cluster_id for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"\w[\w-]{21}", cluster_id) for cluster_id in ids)


def test_another_start_keeps_the_brokers_port_and_moves_a_taken_controller(
    claims: Claims, taken: int
) -> None:
    free = claims.take_any()
    with Claims() as mine:
        old = Plan("id", "java", (NodePorts(mine.take_any(), taken),))
    new = plan.again(old, None, claims)
    assert new.nodes[0].broker == old.nodes[0].broker
    assert new.nodes[0].controller not in {taken, free}
    assert new.cluster_id == old.cluster_id


def test_another_start_fails_if_its_port_went_to_somebody_else(claims: Claims, taken: int) -> None:
    with pytest.raises(ScoreloopError, match=rf"port {taken}, where .* --port"):
        plan.again(at(taken), None, claims)


def test_another_start_moves_to_a_port_that_is_asked_for(claims: Claims) -> None:
    with Claims() as search:
        port = search.take_any()
    assert plan.again(at(20_001), port, claims).nodes[0].broker == port


def test_a_plan_is_remembered(tmp_path: Path) -> None:
    assert plan.remembered(tmp_path) is None
    plan.remember(tmp_path, at(9092, 9093))
    assert plan.remembered(tmp_path) == at(9092, 9093)
    assert [file.name for file in tmp_path.iterdir()] == ["cluster.json"]


@pytest.mark.parametrize("note", ["", "{", '{"cluster_id": 1}'])
def test_a_damaged_note_is_one_sentence(tmp_path: Path, note: str) -> None:
    (tmp_path / "cluster.json").write_text(note)
    with pytest.raises(ScoreloopError, match=r"cluster\.json cannot be read .* --data"):
        plan.remembered(tmp_path)


def test_what_is_asked_of_a_folder_must_be_what_it_holds(tmp_path: Path) -> None:
    plan.check(at(9092), tmp_path, None, None)
    plan.check(at(9092), tmp_path, 9092, 1)
    plan.check(at(9092), tmp_path, plan.ANY_PORT, 1)
    with pytest.raises(ScoreloopError, match="holds a cluster of 1, not 3"):
        plan.check(at(9092), tmp_path, None, 3)
    with pytest.raises(ScoreloopError, match="is on port 9092, not 9192"):
        plan.check(at(9092), tmp_path, 9192, None)
