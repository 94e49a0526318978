"""Offsets as the cluster tells them, by a client that answers as librdkafka does."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, TopicPartition
from confluent_kafka.admin import OffsetSpec

from transport import standing
from transport.clients import UnreachableError


class Admin:
    """Answers each question with the next of `answers`, the last for ever."""

    def __init__(self, *answers: int) -> None:
        self.answers = iter(answers)
        self.last = answers[-1]

    def list_offsets(self, request: dict[TopicPartition, Any], **_how: Any) -> dict[TopicPartition, Any]:
        offset = next(self.answers, self.last)
        return {partition: told(offset) for partition in request}


def told(offset: int) -> "Future[Any]":
    future: Future[Any] = Future()
    future.set_result(SimpleNamespace(offset=offset))
    return future


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
