"""What the topics say of one event: its answers with their outcomes, its labels with their dead letters."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from events.refusals import Reason
from verify.passage import Place

ORPHAN, CONFLICT = str(Reason.ORPHAN_LABEL), str(Reason.CONFLICTING_LABEL)


class Given(NamedTuple):
    """An answer, and what became of it."""

    event_id: str
    role: str
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


OnFault = Callable[[Fault], None]
Group = list[Given]
"""The answers to one source record, its prediction in front."""


def grouped(answers: Sequence[Given]) -> list[Group]:
    """The answers by source record, the one with the lowest prediction first, those without one last."""
    groups: dict[tuple[int, int], Group] = {}
    for answer in sorted(answers, key=lambda answer: (answer.role == "shadow", answer.at)):
        groups.setdefault((answer.event.partition, answer.event.offset), []).append(answer)
    return list(groups.values())


def alive(labels: Sequence[Known]) -> Known | None:
    """The first label that is no orphan."""
    return next((label for label in labels if label.letter != ORPHAN), None)


def won(answers: Sequence[Given], labels: Sequence[Known]) -> Known | None:
    """The label that was joined; else the first that may be."""
    marks = {answer.mark for answer in answers if answer.status == "matched"}
    return next((label for label in labels if label.mark in marks), None) or alive(labels)
