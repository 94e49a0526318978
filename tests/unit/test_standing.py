"""Offsets as the cluster tells them, by a client that answers as librdkafka does."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from transport import standing
from transport.clients import UnreachableError


class Admin:
    """Answers each question with the next of `answers`, the last for ever."""

    def __init__(self, *answers: int | KafkaException) -> None:
        self.answers = iter(answers)
        self.last = answers[-1]

    def list_offsets(self, request: dict[TopicPartition, Any], **_how: Any) -> dict[TopicPartition, Any]:
        answer = next(self.answers, self.last)
        return {partition: told(answer) for partition in request}


def told(answer: int | KafkaException) -> "Future[Any]":
    future: Future[Any] = Future()
    if isinstance(answer, KafkaException):
        future.set_exception(answer)
    else:
        future.set_result(SimpleNamespace(offset=answer))
    return future


def refusal(code: int) -> KafkaException:
    return KafkaException(KafkaError(code))


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_AGAIN_SECONDS", 0)
    monkeypatch.setattr(standing, "ANSWER_SECONDS", 0.01)


def test_a_leader_that_did_not_answer_is_asked_again() -> None:
    client: Any = Admin(OFFSET_INVALID, 7)
    assert standing.offsets(client, "t", 2, OffsetSpec.latest()) == {0: 7, 1: 7}


def test_no_offset_is_no_answer() -> None:
    client: Any = Admin(OFFSET_INVALID)
    with pytest.raises(UnreachableError, match=r"offsets of t: no answer on \[0, 1\]"):
        standing.offsets(client, "t", 2, OffsetSpec.latest())


def test_a_broker_that_has_not_heard_of_its_newest_epoch_is_asked_again() -> None:
    client: Any = Admin(refusal(KafkaError.UNKNOWN_LEADER_EPOCH), 7)
    assert standing.offsets(client, "t", 1, OffsetSpec.latest()) == {0: 7}


def test_a_client_whose_epoch_is_too_old_gets_no_answer_any_more() -> None:
    client: Any = Admin(refusal(KafkaError.FENCED_LEADER_EPOCH), 7)
    with pytest.raises(UnreachableError, match="epoch"):
        standing.offsets(client, "t", 1, OffsetSpec.latest())
