"""`predictions`, `shadows` and `outcomes`: records → rows of `verify.tables` and sums of figures.

What is wrong with a record by itself is found here.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from confluent_kafka import Message

from events import topics
from events.dead_letters import octets
from events.settings import Settings
from events.topics import Topic
from verify.answers import Answer, Answers, Outcome, digest
from verify.book import Book
from verify.cut import Cut
from verify.replay import Replay
from verify.report import Example, Findings, Promise, place
from verify.skips import Skips
from verify.sums import loss_of

Row = tuple[Any, ...]


class Results:
    """Reads what the scorer and the joiner wrote."""

    def __init__(
        self, settings: Settings, reader: Answers, book: Book, cut: Cut, skips: Skips, findings: Findings
    ) -> None:
        self._regression = settings.task == "regression"
        self._horizon = settings.labels.horizon
        self._reader = reader
        self._book = book
        self._cut = cut
        self._skips = skips
        self._findings = findings

    def answers(
        self, topic: Topic, messages: Iterable[Message], replay: Replay, settled_below: Mapping[int, int]
    ) -> Iterator[Row]:
        """Rows of `answers` from `predictions` or `shadows`; `replay` may keep some to score them again.

        `settled_below`: partition of `features` → the offset below which a finish has settled everything.
        """
        roles = ("shadow",) if topic is topics.SHADOWS else ("champion", "canary")
        for message in messages:
            answer = self._reader.answer(octets(message.value()))
            if answer is None or answer.role not in roles or not _keyed(message, answer):
                sentence = "a record is no answer as the contract says"
                self._broken("I1", sentence, message, answer, "an answer", "none")
                continue
            (p, o), tp, at = answer.source, message.partition() or 0, message.offset() or 0
            taken = self._cut.taken(topic, tp, at)
            if not self._skips.covers(topic, tp, at):
                self._book.predicted(answer, taken=taken, finished=o < settled_below.get(p, 0))
            replay.take(message, answer.model_version)
            foreign = self._reader.is_foreign(answer.model_version)
            event = None if foreign else digest(answer.event_id, answer.ts, answer.features)
            yield (
                p, o, answer.model_version, answer.role, tp, at, answer.event_id, answer.ts,
                answer.scored_ts, event, self._reader.whole(answer),
            )  # fmt: skip

    def outcomes(self, messages: Iterable[Message]) -> Iterator[Row]:
        """Rows of `outcomes`."""
        for message in messages:
            outcome = self._reader.outcome(octets(message.value()))
            if outcome is None or not _keyed(message, outcome):
                sentence = "a record is no outcome as the contract says"
                self._broken("I4", sentence, message, outcome, "an outcome", "none")
                continue
            if outcome.status == "expired":
                self._expired(message, outcome)
            elif not self._matched(message, outcome):
                continue
            (p, o), tp, at = outcome.source, message.partition() or 0, message.offset() or 0
            mark = digest(self._reader.label(outcome.label), outcome.label_ts)
            yield (
                p, o, outcome.model_version, outcome.role, tp, at, outcome.event_id, outcome.scored_ts,
                self._reader.whole(outcome), outcome.status, mark, outcome.label_ts,
            )  # fmt: skip

    def _expired(self, message: Message, outcome: Outcome[Any]) -> None:
        self._book.expired(outcome)
        if outcome.label is not None or outcome.loss is not None:
            sentence = "an expired outcome has a label or a loss"
            found = f"label {outcome.label!r:.60}, loss {outcome.loss}"
            self._broken("I4", sentence, message, outcome, "label and loss null", found)

    def _matched(self, message: Message, outcome: Outcome[Any]) -> bool:
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
        answer: Answer[Any] | None,
        expected: str,
        found: str,
    ) -> None:
        where = place(message.topic() or "", message.partition() or 0, message.offset() or 0)
        key = (octets(message.key()) or b"").decode(errors="replace") or None
        event_id = key if answer is None else answer.event_id
        example = Example(record=where, event_id=event_id, expected=expected, found=found)
        self._findings.broken(promise, sentence, example)


def _keyed(message: Message, answer: Answer[Any]) -> bool:
    """Whether a record has the key that brings an event's records together."""
    return octets(message.key()) == answer.event_id.encode()
