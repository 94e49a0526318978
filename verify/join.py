"""I4: the join, done again one event at a time, and held against what the joiner wrote.

An event's answers come in groups, one for each of its predictions (an event_id may come twice) with the
shadows of the same source record; the group whose prediction has the lowest offset comes first. Its labels
come in the order of `internal.labels`. The rules, from the contract:

- The first group's label is the first that came in time for it. Every answer of the group is matched with it.
- The other groups get none of the labels that came in time for a group before them.
- A label that equals the one that won is a repeat, another is a conflict and has a dead letter.
- A label whose event has no prediction waits, or is an orphan and has a dead letter.

What the contract leaves open is not judged: whether a label that came too late still counts as the first.
`verify.lateness` says when a label or a prediction can have been read too late.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from events.refusals import Reason
from verify.lateness import Lateness
from verify.passage import Place


class Given(NamedTuple):
    """An answer, and what became of it."""

    event_id: str
    role: str
    version: int
    partition: int
    at: int
    ts: int
    event: Place
    taken: bool
    """Whether the joiner has committed it."""
    status: str | None
    mark: int | None
    """Digest of the outcome's label and its time."""
    outcome: tuple[int, int] | None
    """Partition and offset of the outcome."""
    judged: bool
    """Whether all that bears on it is still there to be read."""


class Known(NamedTuple):
    """A label in `internal.labels`."""

    event_id: str
    at: int
    ts: int
    mark: int
    """Digest of label and time."""
    label: int
    """Digest of the label alone."""
    source: Place
    taken: bool
    letter: str | None
    """The reason of its dead letter."""
    judged: bool


class Fault(NamedTuple):
    """What is wrong, with the answer or the label that it is wrong with."""

    sentence: str
    subject: Given | Known
    expected: str
    found: str


Tell = Callable[[Fault], None]

EXPIRED_EARLY = "an answer expired though a label came in time: it expired early, or the label was dropped"
WAITS = "an answer still waits though its label has been read: the label was dropped"
NOT_FIRST = (
    "an answer is matched with a label that is not the first in time: a repeat or a conflict was counted"
)
NO_LABEL = "an answer is matched with a label that nobody sent"
SECOND = "a label joined the later of two predictions of its event"
SILENT_CONFLICT = "a conflicting label has no dead letter: it was dropped"
NO_CONFLICT = "a label was called a conflict and no other label came before it"
NO_ORPHAN = "a label was called an orphan though its prediction was there in time"
BOTH = "a label was joined and also put in dead-letters"
UNFINISHED = "an answer still waits that a finish, carried out, has settled"

_ORPHAN, _CONFLICT = str(Reason.ORPHAN_LABEL), str(Reason.CONFLICTING_LABEL)


class Join:
    """Judges events; `answers` and `labels` count what became of them.

    `finished` is how far each partition of `features` has been settled by a finish.
    """

    def __init__(self, lateness: Lateness, finished: Mapping[int, int], tell: Tell) -> None:
        self._lateness = lateness
        self._finished = finished
        self._tell = tell
        self.answers: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()

    def event(self, answers: Sequence[Given], labels: Sequence[Known]) -> None:
        """Judge one event: its answers in any order, its labels in the log's."""
        groups = _groups(answers)
        for rank, group in enumerate(groups):
            for answer in group:
                self.answers[answer.status or ("waiting" if answer.judged else "not judged")] += 1
                if answer.judged:
                    self._answer(answer, group[0], groups[:rank], labels)
        winner = _winner(answers, labels)
        for rank, label in enumerate(labels):
            self.labels[self._became(label, labels[:rank], winner, groups)] += 1

    def _answer(self, answer: Given, lead: Given, before: list[list[Given]], labels: Sequence[Known]) -> None:
        """Judge an answer, whose group begins with `lead`: a shadow where the event has no prediction.

        Such a shadow may get the label or not.
        """
        if answer.status == "matched":
            self._matched(answer, before, labels)
            return
        if answer.status is None and answer.event.offset < self._finished.get(answer.event.partition, 0):
            self._tell(Fault(UNFINISHED, answer, "an outcome", "none"))
        first = None if before or lead.role == "shadow" else self._first(answer, labels)
        if first is None or first is not _alive(labels) or self._late(first, answer):
            return
        expected = f"matched with the label known at {first.ts}"
        if answer.status == "expired":
            self._tell(Fault(EXPIRED_EARLY, answer, expected, "expired"))
        elif answer.taken and lead.taken and first.taken:
            self._tell(Fault(WAITS, answer, expected, "no outcome"))

    def _matched(self, answer: Given, before: list[list[Given]], labels: Sequence[Known]) -> None:
        label = next((label for label in labels if label.mark == answer.mark), None)
        if label is None:
            self._tell(
                Fault(NO_LABEL, answer, "a label of this event in labels", "none with that value and time")
            )
        elif not before:
            first = self._first(answer, labels)
            if first is not None and first.mark != label.mark:
                self._tell(
                    Fault(NOT_FIRST, answer, f"the label known at {first.ts}", f"the one known at {label.ts}")
                )
        else:
            owner = next(
                (g[0] for g in before if self._in_time(label, g[0]) and not self._late(label, g[0])), None
            )
            if owner is not None:
                expected = f"no label: it belongs to predictions-{owner.partition}-{owner.at}"
                self._tell(Fault(SECOND, answer, expected, "matched"))

    def _became(  # noqa: PLR0911 (one return a fate, in the order of the rules)
        self, label: Known, before: Sequence[Known], winner: Known | None, groups: list[list[Given]]
    ) -> str:
        """What became of a label, in the words of I4; what is wrong with that is told."""
        matched = any(a.status == "matched" and a.mark == label.mark for group in groups for a in group)
        owner = groups[0][0] if groups else None
        if label.letter is not None and matched and label is winner:
            self._tell(Fault(BOTH, label, "no dead letter", label.letter))
        if label.letter == _CONFLICT:
            if label.judged and all(other.label == label.label for other in before):
                self._tell(Fault(NO_CONFLICT, label, "another label before it", "none"))
            return "conflicts"
        if label.letter == _ORPHAN:
            self._orphan(label, before, owner)
            return "orphans"
        if matched and label is winner:
            return "matched"
        if not label.taken:
            return "waiting"
        if winner is not None and winner.at < label.at:
            return self._after(label, winner, owner)
        if owner is None or (label is winner and owner.status is None):
            return "waiting"
        return "late"

    def _after(self, label: Known, winner: Known, owner: Given | None) -> str:
        """What became of a label that is not the first."""
        if label.label == winner.label:
            return "repeats"
        if owner is not None and (not self._in_time(label, owner) or self._late(label, owner)):
            return "late"
        if label.judged:
            self._tell(Fault(SILENT_CONFLICT, label, f"a dead letter, reason {_CONFLICT}", "none"))
        return "conflicts"

    def _orphan(self, label: Known, before: Sequence[Known], owner: Given | None) -> None:
        if before or owner is None or owner.role == "shadow" or not owner.judged:
            return
        if not self._in_time(label, owner):
            return
        late = self._lateness.prediction_was_late(owner.event, label.source, label.ts)
        if not late and not self._late(label, owner):
            expected = f"joined to predictions-{owner.partition}-{owner.at}"
            self._tell(Fault(NO_ORPHAN, label, expected, f"a dead letter, reason {_ORPHAN}"))

    def _first(self, answer: Given, labels: Sequence[Known]) -> Known | None:
        """The first label that came in time and had not become an orphan."""
        return next(
            (label for label in labels if label.letter != _ORPHAN and self._in_time(label, answer)), None
        )

    def _in_time(self, label: Known, answer: Given) -> bool:
        return label.ts - answer.ts <= self._lateness.horizon

    def _late(self, label: Known, answer: Given) -> bool:
        return self._lateness.label_was_late(label.source, answer.event, answer.ts)


def _alive(labels: Sequence[Known]) -> Known | None:
    """The first label that is no orphan."""
    return next((label for label in labels if label.letter != _ORPHAN), None)


def _winner(answers: Sequence[Given], labels: Sequence[Known]) -> Known | None:
    """The label that was joined; else the first that may be."""
    marks = {answer.mark for answer in answers if answer.status == "matched"}
    return next((label for label in labels if label.mark in marks), None) or _alive(labels)


def _groups(answers: Sequence[Given]) -> list[list[Given]]:
    """The answers by source record, the one with the lowest prediction first, its prediction in front."""
    groups: dict[tuple[int, int], list[Given]] = {}
    for answer in sorted(answers, key=lambda answer: (answer.role == "shadow", answer.at)):
        groups.setdefault((answer.event.partition, answer.event.offset), []).append(answer)
    return list(groups.values())
