"""I4: the join, done again one event at a time, and held against what the joiner wrote.

An event's answers come in groups, one for each of its predictions (an event_id may come twice) with the
shadows of the same source record; the group whose prediction has the lowest offset comes first. Its labels
come in the order of `internal.labels`. The rules, from the contract:

- The first group's label is the first that came in time for it. Every answer of the group is matched with it.
- The other groups get none of the labels that came in time for a group before them.
- A label that equals the one that won is a repeat, another is a conflict and has a dead letter.
- A label whose event has no prediction waits, or is an orphan and has a dead letter.

What the contract leaves open is not judged: whether a label that came too late still counts as the first, and
whether a shadow whose event has no prediction gets the label. `verify.lateness` says when a label or a
prediction can have been read too late.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from verify.evidence import CONFLICT, ORPHAN, Fault, Given, Group, Known, OnFault, alive, grouped, won
from verify.lateness import Lateness

EXPIRED_EARLY = "an answer expired though a label came in time: it expired early, or the label was dropped"
WAITS = "an answer still waits though its label has been read: the label was dropped"
UNFINISHED = "an answer still waits that a finish, carried out, has settled"
NOT_FIRST = "an answer is matched with a label that is not the first: a repeat or a conflict was counted"
NO_LABEL = "an answer is matched with a label that nobody sent"
SECOND = "a label joined the later of two predictions of its event"
SILENT_CONFLICT = "a conflicting label has no dead letter: it was dropped"
NO_CONFLICT = "a label was called a conflict and no other label came before it"
NO_ORPHAN = "a label was called an orphan though its prediction was there in time"
BOTH = "a label was joined and also put in dead-letters"


class Join:
    """Judges events; `answers` and `labels` count what became of them.

    `settled_below`: partition of `features` → the offset below which a finish has settled everything.
    `on_fault` hears of what is wrong.
    """

    def __init__(self, lateness: Lateness, settled_below: Mapping[int, int], on_fault: OnFault) -> None:
        self._lateness = lateness
        self._settled_below = settled_below
        self._on_fault = on_fault
        self.answers: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.doubtful = 0
        """Answers that expired although a label came in time: it can have been read too late."""

    def event(self, answers: Sequence[Given], labels: Sequence[Known]) -> None:
        """Judge one event: its answers in any order, its labels in the log's."""
        groups = grouped(answers)
        for rank, group in enumerate(groups):
            for answer in group:
                self.answers[answer.status or ("waiting" if answer.judged else "not judged")] += 1
                if answer.judged:
                    self._answer(answer, group[0], groups[:rank], labels)
        winner = won(answers, labels)
        for rank, label in enumerate(labels):
            self.labels[self._became(label, labels[:rank], winner, groups)] += 1

    def _answer(self, answer: Given, lead: Given, before: list[Group], labels: Sequence[Known]) -> None:
        if answer.status == "matched":
            self._matched(answer, before, labels)
            return
        if answer.status is None and answer.event.offset < self._settled_below.get(answer.event.partition, 0):
            self._on_fault(Fault(UNFINISHED, answer, "an outcome", "none"))
        first = None if before or lead.role == "shadow" else self._first(answer, labels)
        if first is None or first is not alive(labels):
            return
        if self._late(first, answer):
            self.doubtful += answer.status == "expired"
            return
        expected = f"matched with the label known at {first.ts}"
        if answer.status == "expired":
            self._on_fault(Fault(EXPIRED_EARLY, answer, expected, "expired"))
        elif answer.taken and lead.taken and first.taken:
            self._on_fault(Fault(WAITS, answer, expected, "no outcome"))

    def _matched(self, answer: Given, before: list[Group], labels: Sequence[Known]) -> None:
        label = next((label for label in labels if label.mark == answer.mark), None)
        if label is None:
            self._on_fault(Fault(NO_LABEL, answer, "a label of this event", "none with that value and time"))
            return
        if not before:
            first = self._first(answer, labels)
            if first is not None and first.mark != label.mark:
                expected, found = f"the label known at {first.ts}", f"the one known at {label.ts}"
                self._on_fault(Fault(NOT_FIRST, answer, expected, found))
            return
        leads = (group[0] for group in before)
        owner = next((g for g in leads if self._in_time(label, g) and not self._late(label, g)), None)
        if owner is not None:
            expected = f"no label: it belongs to predictions-{owner.partition}-{owner.at}"
            self._on_fault(Fault(SECOND, answer, expected, "matched"))

    def _became(
        self, label: Known, before: Sequence[Known], winner: Known | None, groups: list[Group]
    ) -> str:
        """What became of a label, in the words of I4; a fault where that is wrong."""
        owner = groups[0][0] if groups else None
        joined = label is winner and any(
            a.mark == label.mark for g in groups for a in g if a.status == "matched"
        )
        if label.letter is not None and joined:
            self._on_fault(Fault(BOTH, label, "no dead letter", label.letter))
        if label.letter in {CONFLICT, ORPHAN}:
            return self._refused(label, before, owner)
        if joined:
            return "matched"
        if not label.taken:
            return "waiting"
        if winner is not None and winner.at < label.at:
            return self._after(label, winner, owner)
        waits = owner is None or (label is winner and owner.status is None)
        return "waiting" if waits else "late"

    def _after(self, label: Known, winner: Known, owner: Given | None) -> str:
        """What became of a label that is not the first."""
        if label.label == winner.label:
            return "repeats"
        if owner is not None and (not self._in_time(label, owner) or self._late(label, owner)):
            return "late"
        if label.judged:
            self._on_fault(Fault(SILENT_CONFLICT, label, f"a dead letter, reason {CONFLICT}", "none"))
        return "conflicts"

    def _refused(self, label: Known, before: Sequence[Known], owner: Given | None) -> str:
        """What a dead letter says of a label that is valid."""
        if label.letter == CONFLICT:
            if label.judged and all(other.label == label.label for other in before):
                self._on_fault(Fault(NO_CONFLICT, label, "another label before it", "none"))
            return "conflicts"
        served = owner is not None and owner.role != "shadow" and owner.judged
        if owner is not None and served and not before and self._in_time(label, owner):
            late = self._lateness.prediction_was_late(owner.event, label.source, label.ts)
            if not late and not self._late(label, owner):
                expected = f"joined to predictions-{owner.partition}-{owner.at}"
                self._on_fault(Fault(NO_ORPHAN, label, expected, f"a dead letter, reason {ORPHAN}"))
        return "orphans"

    def _first(self, answer: Given, labels: Sequence[Known]) -> Known | None:
        """The first label that came in time and had not become an orphan."""
        return next((k for k in labels if k.letter != ORPHAN and self._in_time(k, answer)), None)

    def _in_time(self, label: Known, answer: Given) -> bool:
        return label.ts - answer.ts <= self._lateness.horizon

    def _late(self, label: Known, answer: Given) -> bool:
        return self._lateness.label_was_late(label.source, answer.event, answer.ts)
