"""`predictions`, `shadows` and `outcomes`: records → rows of `verify.tables` and sums of figures.

What is wrong with a record on its face is told at once.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from confluent_kafka import Message

from events import topics
from events.dead_letters import octets
from events.settings import Settings
from events.topics import Topic
from verify.answers import Answers, Settled, Told, digest
from verify.book import Book
from verify.cut import Cut
from verify.report import Example, Findings, Promise, place
from verify.sums import loss_of

Row = tuple[Any, ...]


class Samples(Protocol):
    """Takes answers to be scored again."""

    def take(self, message: Message, version: int) -> None: ...  # noqa: D102 (says its name)


class Scored:
    """Reads what the scorer and the joiner wrote."""

    def __init__(
        self, settings: Settings, answers: Answers, book: Book, cut: Cut, findings: Findings
    ) -> None:
        self._regression = settings.task == "regression"
        self._horizon = settings.labels.horizon
        self._answers = answers
        self._book = book
        self._cut = cut
        self._findings = findings

    def told(
        self, topic: Topic, messages: Iterable[Message], samples: Samples, finished: Mapping[int, int]
    ) -> Iterator[Row]:
        """Rows of `answers` from `predictions` or `shadows`.

        `finished` is how far each partition of `features` has been settled by a finish.
        """
        roles = ("shadow",) if topic is topics.SHADOWS else ("champion", "canary")
        for message in messages:
            told = self._answers.told(octets(message.value()))
            if told is None or told.role not in roles or not _keyed(message, told):
                sentence = "a record is no answer as the contract says"
                self._broken("I1", sentence, message, told, "an answer", "none")
                continue
            (p, o), tp, at = told.source, message.partition() or 0, message.offset() or 0
            taken = self._cut.taken(topic, tp, at)
            self._book.predicted(told, taken=taken, finished=o < finished.get(p, 0))
            samples.take(message, told.model_version)
            foreign = self._answers.is_foreign(told.model_version)
            event = None if foreign else digest(told.event_id, told.ts, told.features)
            yield (
                p, o, told.model_version, told.role, tp, at, told.event_id, told.ts, told.scored_ts, event,
                self._answers.whole(told),
            )  # fmt: skip

    def settled(self, messages: Iterable[Message]) -> Iterator[Row]:
        """Rows of `outcomes`."""
        for message in messages:
            outcome = self._answers.settled(octets(message.value()))
            if outcome is None or not _keyed(message, outcome):
                sentence = "a record is no outcome as the contract says"
                self._broken("I4", sentence, message, outcome, "an outcome", "none")
                continue
            if outcome.status == "expired":
                self._expired(message, outcome)
            elif not self._matched(message, outcome):
                continue
            (p, o), tp, at = outcome.source, message.partition() or 0, message.offset() or 0
            mark = digest(self._answers.label(outcome.label), outcome.label_ts)
            yield (
                p, o, outcome.model_version, outcome.role, tp, at, outcome.event_id, outcome.scored_ts,
                self._answers.whole(outcome), outcome.status, mark, outcome.label_ts,
            )  # fmt: skip

    def _expired(self, message: Message, outcome: Settled[Any]) -> None:
        self._book.expired(outcome)
        if outcome.label is not None or outcome.loss is not None:
            sentence = "an expired outcome has a label or a loss"
            found = f"label {outcome.label!r:.60}, loss {outcome.loss}"
            self._broken("I4", sentence, message, outcome, "label and loss null", found)

    def _matched(self, message: Message, outcome: Settled[Any]) -> bool:
        """Look at a matched outcome; whether it has a label at all."""
        label, label_ts = outcome.label, outcome.label_ts
        fits = isinstance(label, int | float) and not isinstance(label, bool)
        if (
            label is None
            or label_ts is None
            or not (fits if self._regression else self._book.known(label) is not None)
        ):
            sentence = "a matched outcome has no label of the stream"
            self._broken(
                "I4", sentence, message, outcome, "a label and its time", f"{label!r:.60} at {label_ts}"
            )
            return False
        loss = loss_of(outcome.prediction, label, regression=self._regression)
        if outcome.loss is None or not math.isclose(outcome.loss, loss, rel_tol=1e-9):
            self._broken(
                "I4", "an outcome's loss is wrong", message, outcome, f"loss {loss}", f"loss {outcome.loss}"
            )
        delay = label_ts - outcome.ts
        if delay > self._horizon:
            expected = f"expired: the horizon is {self._horizon} ms"
            self._broken(
                "I4", "an outcome's label came too late for it", message, outcome, expected, f"{delay} ms"
            )
        self._book.matched(outcome, delay)
        return True

    def _broken(
        self,
        promise: Promise,
        sentence: str,
        message: Message,
        told: Told[Any] | None,
        expected: str,
        found: str,
    ) -> None:
        where = place(message.topic() or "", message.partition() or 0, message.offset() or 0)
        key = (octets(message.key()) or b"").decode(errors="replace") or None
        event_id = key if told is None else told.event_id
        example = Example(record=where, event_id=event_id, expected=expected, found=found)
        self._findings.broken(promise, sentence, example)


def _keyed(message: Message, told: Told[Any]) -> bool:
    """Whether a record has the key that brings an event's records together."""
    return octets(message.key()) == told.event_id.encode()
