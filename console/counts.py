"""The counts of I4 as `status` gives them: each sum holds by what its terms are."""

from pydantic import BaseModel

from events.monitor_state import AnswerCounts, Totals, Waiting
from events.records import Metric, Role


class AnswerFacts(BaseModel):
    """Answers that the joiner has read: read = matched + expired + waiting."""

    read: int
    matched: int
    expired: int
    waiting: int


class LabelFacts(BaseModel):
    """Labels that the joiner has read; `read` is the sum of all the others.

    Those that wait are on their way to their prediction, or it has not come.
    """

    read: int
    matched: int
    repeats: int
    conflicts: int
    late: int
    orphans: int
    refused: int
    waiting: int


class CountFacts(BaseModel):
    """The counts after one turn of the monitor, all of the same moment."""

    as_of_ts: int
    """When the monitor wrote them."""
    predictions: AnswerFacts
    shadows: AnswerFacts
    labels: LabelFacts
    waiting_by_joiner: Waiting
    """What the joiner itself said then. It differs from `waiting` by labels under way inside the joiner, and
    for a moment by a transaction of the joiner's that the monitor has read in part."""


class WatermarkFacts(BaseModel):
    """How far the join is in event time."""

    ts: int | None
    """All that was scored or labelled up to this event time has been joined; None while unknown."""
    newest_event_ts: int | None
    """The largest event time among what was scored of late; None where nothing was."""
    behind_ms: int | None


def counts(totals: Totals, as_of_ts: int) -> CountFacts:
    """The counts in `totals`: what waits is what was read and has come to no end."""
    labels = totals.labels.model_dump()
    ended = sum(number for name, number in labels.items() if name != "read")
    return CountFacts(
        as_of_ts=as_of_ts,
        predictions=_answers(totals, ("champion", "canary")),
        shadows=_answers(totals, ("shadow",)),
        labels=LabelFacts(**labels, waiting=labels["read"] - ended),
        waiting_by_joiner=totals.waiting,
    )


def watermark(totals: Totals | None, newest_event_ts: int | None) -> WatermarkFacts:
    """The watermark in `totals`, beside the newest event."""
    ts = None if totals is None else totals.watermark
    known = ts is not None and newest_event_ts is not None
    return WatermarkFacts(
        ts=ts,
        newest_event_ts=newest_event_ts,
        behind_ms=max(0, (newest_event_ts or 0) - (ts or 0)) if known else None,
    )


def newest_window(totals: Totals | None) -> Metric | None:
    """The newest final figures of a champion."""
    return None if totals is None else totals.newest


def _answers(totals: Totals, roles: tuple[Role, ...]) -> AnswerFacts:
    of = [totals.answers.get(role, AnswerCounts()) for role in roles]
    read, matched, expired = (
        sum(getattr(counts, name) for counts in of) for name in ("predictions", "matched", "expired")
    )
    return AnswerFacts(read=read, matched=matched, expired=expired, waiting=read - matched - expired)
