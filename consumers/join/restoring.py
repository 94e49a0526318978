"""What was known of a partition of the join at its committed offsets, read again from the topics.

Nothing is written meanwhile. In this order, because each step needs the one before:

1. the predictions and shadows from the oldest that may wait, up to the committed offsets: at most
   `park_after` of each, those that the watermark has passed left out: they have their outcome;
2. `internal.parked`, whole: answers that wait for long, labels that wait, events to be remembered;
3. `outcomes`, from the oldest that is to be remembered: what has its outcome waits no more. Expiry is not a
   function of the inputs alone, so only this tells it;
4. what is left of 1 waits.

The committed offsets are asked for before, and 2 and 3 are read past everything that was written, because the
records of a committed transaction may become visible after its offsets.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from consumers.join import parking
from consumers.join.entry import Entry, Matched, Waiting
from consumers.join.note import Note
from consumers.join.share import Share
from events import topics
from events.dead_letters import octets
from events.outcome_codec import Settled, settled
from events.prediction_codec import AnswerReader
from events.refusals import RefusalError
from events.settings import Settings
from transport.skipping import passed_over
from transport.written import read_written

Answer = tuple[str, str, int]
"""prediction_id, role and version: what names an answer."""
Young = dict[Answer, tuple[str, Waiting]]
_Item = TypeVar("_Item")

_AT_ONCE = 1_000
"""Records for which the disk is asked at once."""

_log = logging.getLogger(__name__)


def restore(settings: Settings, share: Share, note: Note) -> None:
    """Fill `share` with what `note` and the topics say of its partition."""
    began = time.monotonic()
    young = dict(_young(settings, share, note))
    parked = _records(settings, topics.PARKED, share.partition, 0)
    for records in _chunks(((key or b"").decode(), value) for key, value in parked):
        share.join.shelf.fetch(parking.event_of(key) for key, _ in records)
        for key, value in records:
            _take_parked(share, key, value)
        share.join.shelf.trim()
    written = _records(settings, topics.OUTCOMES, share.partition, note.outcomes_from)
    for outcomes in _chunks(settled(value or b"") for _, value in written):
        share.join.shelf.fetch(outcome.event_id for outcome in outcomes)
        for outcome in outcomes:
            _take_outcome(share, young, outcome)
        share.join.shelf.trim()
    for left in _chunks(young.values()):
        share.join.shelf.fetch(event_id for event_id, _ in left)
        for event_id, waiting in left:
            _let_wait(share, event_id, waiting)
        share.join.shelf.trim()
    waits = share.join.predictions + share.join.shadows + share.join.labels
    seconds = time.monotonic() - began
    _log.info("restored partition %d in %.1f s: %d records wait", share.partition, seconds, waits)


def _young(settings: Settings, share: Share, note: Note) -> Iterator[tuple[Answer, tuple[str, Waiting]]]:
    reader = AnswerReader(settings.features)
    passed = None if note.watermark is None else note.watermark - settings.labels.horizon
    for topic, start in ((topics.PREDICTIONS, note.predictions_from), (topics.SHADOWS, note.shadows_from)):
        end = share.next[topic.of(settings.name), share.partition]
        skipped = passed_over(settings, topics.JOINER, topic, share.partition) if start < end else []
        for offset, value in _values(settings, topic, share.partition, start, end):
            if any(offset in left for left in skipped):
                continue  # by an operator: it was never counted
            try:
                answer = reader.read(value)
            except RefusalError:
                continue  # it is in dead-letters
            if passed is None or answer.ts >= passed:
                waiting = Waiting(
                    answer.prediction_id, answer.ts, answer.model_version, answer.role, offset, value
                )
                yield _name(waiting), (answer.event_id, waiting)


def _chunks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    return iter(lambda: list(islice(iterator, _AT_ONCE)), [])


def _take_parked(share: Share, key: str, value: bytes | None) -> None:
    event_id = parking.event_of(key)
    entry = share.join.shelf.get(event_id) or Entry()
    share.join.count(entry, -1)
    parking.restore(entry, key, value)
    share.join.count(entry, 1)
    share.join.shelf.put(event_id, entry)


def _take_outcome(share: Share, young: Young, outcome: Settled) -> None:
    young.pop((outcome.prediction_id, outcome.role, outcome.model_version), None)
    entry = share.join.shelf.get(outcome.event_id) or Entry()
    if entry.memo:
        return
    if outcome.status == "matched":
        entry.joined, entry.in_time = outcome.prediction_id, True
        entry.label, entry.label_ts = outcome.label, outcome.label_ts or 0
        entry.matched += (Matched(outcome.model_version, outcome.role, outcome.loss or 0),)
    elif entry.joined is None and outcome.role != "shadow" and entry.first is None:
        entry.joined = outcome.prediction_id
    else:
        return
    share.join.remember(entry, outcome.ts)
    share.join.shelf.put(outcome.event_id, entry)


def _let_wait(share: Share, event_id: str, waiting: Waiting) -> None:
    """An answer waits. If another of its event expired, that was not the first: it would have left a memo."""
    entry = share.join.shelf.get(event_id) or Entry()
    if entry.label is None and not entry.memo and waiting.served:
        entry.joined = None
    share.join.wait(event_id, entry, waiting)
    share.join.shelf.put(event_id, entry)


def _values(
    settings: Settings, topic: topics.Topic, partition: int, start: int, end: int
) -> Iterator[tuple[int, bytes]]:
    """Offset and value of the records from `start` to before `end`."""
    if start < end:
        for message in read_written(settings.kafka, topic.of(settings.name), {partition: start}, _log.info):
            offset = message.offset() or 0
            if offset >= end:
                return
            yield offset, octets(message.value()) or b""


def _records(
    settings: Settings, topic: topics.Topic, partition: int, start: int
) -> Iterator[tuple[bytes | None, bytes | None]]:
    for message in read_written(settings.kafka, topic.of(settings.name), {partition: start}, _log.info):
        yield octets(message.key()), octets(message.value())


def _name(waiting: Waiting) -> Answer:
    return waiting.prediction_id, waiting.role, waiting.model_version
