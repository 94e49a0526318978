"""Bugs to plant in the running services, each for one event: what `scoreloop verify` is there to find."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from consumers import scorer
from consumers.join.ledger import Ledger
from consumers.join.partition import Partition
from consumers.join.relabel import Relabel
from events import topics
from events.topics import Topic


def is_of(i: int, value: bytes | None) -> bool:
    return json.loads(value or b"{}").get("event_id") == f"e-{i}"


def label_dropped_on_arrival(patch: pytest.MonkeyPatch, i: int) -> None:
    real = Relabel.__call__

    def call(self: Relabel, *given: Any) -> None:
        real(self, *given)
        many = given[-1].many
        for topic in many:
            if topic.endswith(topics.JOINING.name):
                many[topic] = [message for message in many[topic] if message["key"] != b"e-%d" % i]

    patch.setattr(Relabel, "__call__", call)


def label_dropped_in_the_join(patch: pytest.MonkeyPatch, i: int) -> None:
    real = Partition.label

    def label(self: Partition, event_id: str, known: Any) -> None:
        if event_id != f"e-{i}":
            real(self, event_id, known)

    patch.setattr(Partition, "label", label)


def repeat_counted(patch: pytest.MonkeyPatch, i: int) -> None:
    """The first time a label comes is counted, and the second time, too."""
    matched, again = Ledger.matched, Partition._again  # noqa: SLF001 (what the bug is planted in)
    answers = {}

    def kept(self: Ledger, event_id: str, waiting: Any, *others: Any) -> float:
        answers[event_id] = waiting
        return matched(self, event_id, waiting, *others)

    def counted(self: Partition, first: object, label: Any) -> None:
        again(self, first, label)
        if is_of(i, label.source_value):
            self._ledger.matched(f"e-{i}", answers[f"e-{i}"], label.label, label.ts)

    patch.setattr(Ledger, "matched", kept)
    patch.setattr(Partition, "_again", counted)


def outcome_twice(patch: pytest.MonkeyPatch, i: int) -> None:
    real = Ledger.matched

    def matched(self: Ledger, event_id: str, *others: Any) -> float:
        loss = real(self, event_id, *others)
        if event_id == f"e-{i}":
            self._outcomes.append(self._outcomes[-1])
        return loss

    patch.setattr(Ledger, "matched", matched)


def another_version_stamped(patch: pytest.MonkeyPatch, i: int) -> None:
    real = scorer._record  # noqa: SLF001 (what the bug is planted in)

    def record(message: Any, event: Any, answer: Any, version: int, *others: Any) -> Any:
        return real(message, event, answer, 1 if event.event_id == f"e-{i}" else version, *others)

    patch.setattr(scorer, "_record", record)


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch, int], None], str, str, Topic]] = [
    (label_dropped_on_arrival, "I4", "not in internal.labels: it was dropped", topics.LABELS),
    (label_dropped_in_the_join, "I4", "or the label was dropped", topics.OUTCOMES),
    (repeat_counted, "I4", "a repeat or a conflict was counted", topics.OUTCOMES),
    (outcome_twice, "I2", "more than one outcome", topics.OUTCOMES),
    (another_version_stamped, "I3", "differs from what its version answers", topics.PREDICTIONS),
]
"""Bugs, each with the promise that it breaks, words of the sentence, and the topic of the record at fault."""
