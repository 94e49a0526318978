"""What a client that does not answer makes of a commit: a name for it, in bounded time."""

import time
from threading import Event
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from events.outputs import Outputs
from events.settings import Kafka
from transport import clients, transaction
from transport.transaction import ProducerLostError, TransactionalProducer

OFFSETS = [TopicPartition("t.features", 0, 1)]


class Client:
    """A producer whose `send_offsets_to_transaction` does what a test says."""

    def __init__(self, send: Any) -> None:
        self.called: list[str] = []
        self._send = send

    def send_offsets_to_transaction(self, *_: Any) -> None:
        self._send()

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.called.append(name)


def opened(monkeypatch: pytest.MonkeyPatch, client: Client) -> TransactionalProducer:
    monkeypatch.setattr(clients, "producer", lambda *_, **__: client)
    monkeypatch.setattr(transaction, "_OFFSETS_SECONDS", 0.1)
    return TransactionalProducer(Kafka(), "t")


def test_offsets_that_are_never_taken_lose_the_producer_and_nothing_waits_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = Event()
    client = Client(answer.wait)
    producer = opened(monkeypatch, client)
    began = time.monotonic()
    with pytest.raises(ProducerLostError, match="the offsets were not taken"):
        producer.commit(Outputs(), OFFSETS)
    producer.close()
    assert time.monotonic() - began < 5
    assert client.called == ["init_transactions", "begin_transaction"], (
        "neither committed, aborted nor closed"
    )
    answer.set()


def test_what_sending_offsets_raises_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise KafkaException(KafkaError(KafkaError._FENCED, "another", fatal=True))  # noqa: SLF001 (its public name)

    producer = opened(monkeypatch, Client(refuse))
    with pytest.raises(transaction.ProducerFencedError, match="another"):
        producer.commit(Outputs(), OFFSETS)


def test_offsets_that_are_taken_are_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(lambda: None)
    producer = opened(monkeypatch, client)
    producer.commit(Outputs(), OFFSETS)
    producer.close()
    assert client.called == ["init_transactions", "begin_transaction", "commit_transaction", "purge", "close"]
