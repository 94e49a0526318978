import re
from pathlib import Path

from events.topics import DEAD_LETTER_MAX_BYTES
from ops.broker.properties import NodePorts, properties, text

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
ONE = (NodePorts(9092, 9093),)
THREE = (NodePorts(9092, 19092), NodePorts(9093, 19093), NodePorts(9094, 19094))

PLACE = {
    "node.id", "controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs",
    "listener.security.protocol.map", "inter.broker.listener.name",
}  # fmt: skip


def test_one_node_keeps_one_copy_and_listens_on_loopback_only() -> None:
    told = properties(1, ONE)
    assert told["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:9093"
    copies = {name: value for name, value in told.items() if name.endswith(("replication.factor", "isr"))}
    assert set(copies.values()) == {"1"}
    assert told["min.insync.replicas"] == "1"


def test_three_nodes_keep_three_copies_and_wait_for_two() -> None:
    told = properties(2, THREE)
    assert told["node.id"] == "2"
    assert told["listeners"] == "PLAINTEXT://127.0.0.1:9093,CONTROLLER://127.0.0.1:19093"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:19092,2@127.0.0.1:19093,3@127.0.0.1:19094"
    assert told["default.replication.factor"] == told["transaction.state.log.replication.factor"] == "3"
    assert told["min.insync.replicas"] == told["transaction.state.log.min.isr"] == "2"


def test_a_follower_can_copy_the_widest_dead_letter() -> None:
    assert int(properties(1, ONE)["replica.fetch.max.bytes"]) > DEAD_LETTER_MAX_BYTES


def test_the_text_has_a_line_for_each_property() -> None:
    assert text({"b": "2", "a": "1"}) == "a=1\nb=2\n"


def test_compose_tells_its_broker_the_same() -> None:
    pairs = re.findall(r'^ +KAFKA_(\w+): "?([^"\n]+)"?$', COMPOSE.read_text(), flags=re.MULTILINE)
    composed = {name.lower().replace("_", "."): value for name, value in pairs}
    ours = properties(1, ONE)
    assert {k: v for k, v in composed.items() if k not in PLACE} == {
        k: v for k, v in ours.items() if k not in PLACE
    }
