"""Producers that take turns: whose turn it is, and that none is left open."""

from functools import partial
from typing import Any

import pytest

from events.outputs import Outputs
from transport.in_turn import ProducersInTurn
from transport.transaction import ProducerLostError


class Producer:
    def __init__(self, name: str, log: list[str]) -> None:
        self._name, self._log = name, log
        log.append(f"{name} opened")

    def commit(self, *_: Any) -> None:
        self._log.append(self._name)

    def close(self) -> None:
        self._log.append(f"{self._name} closed")


def openings(log: list[str], *names: str) -> Any:
    return [partial(Producer, name, log) for name in names]


def test_all_are_open_before_the_first_commits_and_then_each_has_its_turn() -> None:
    log: list[str] = []
    producers = ProducersInTurn(openings(log, "a", "b"))
    for _ in range(3):
        producers.commit(Outputs())
    producers.close()
    assert log == ["a opened", "b opened", "a", "b", "a", "a closed", "b closed"]


def test_one_that_cannot_be_opened_leaves_none_open() -> None:
    def lost() -> Any:
        raise ProducerLostError("no coordinator")

    log: list[str] = []
    with pytest.raises(ProducerLostError, match="no coordinator"):
        ProducersInTurn([*openings(log, "a"), lost])
    assert log == ["a opened", "a closed"]
