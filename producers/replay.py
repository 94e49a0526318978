"""Sends dead letters back to where they came from, each at most once, and keeps the link.

A letter's record goes to its source topic with the header `replayed_from`, and in the same transaction a
marker goes to `internal.replays`: so either both are there or neither. The marker is in a topic of its own,
compacted by the letter's place, because the key of `dead-letters` is the source's by the contract, and the
source topic is the user's, who may keep a record for an hour. The transactional id is stable: opening the
producer ends whatever another replay of the stream has open, before the markers are read; and one that goes
on beside this one is fenced, and commits no more.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain

from events import topics
from events.dead_letters import Letter
from events.errors import ScoreloopError
from events.internal import Replay
from events.outputs import Message, Output, Outputs
from events.settings import Settings
from transport.letters import letters, replayed
from transport.transaction import ProducerLostError, TransactionAbortedError, TransactionalProducer

MOST_LETTERS, MOST_BYTES = 500, 8 * 1024 * 1024
"""In one transaction."""
_OPEN_SECONDS = 30.0


def obstacle(settings: Settings, letter: Letter) -> str | None:
    """Why a letter cannot be sent back, None where it can."""
    if letter.truncated:
        return "its value was too large to be kept"
    if letter.source[0] not in {t.of(settings.name) for t in (topics.FEATURES, topics.LABELS)}:
        return "it is no record of features or labels"
    return None


def replay(settings: Settings, wanted: Callable[[Letter], bool], by: str) -> int:
    """Send back the dead letters that are `wanted`, have no obstacle and were never sent back; how many.

    They go to the partition that they were in, with the key and the value that they had.

    Raises:
        ScoreloopError: the cluster refused, or another replay has taken over: what was sent before stays
            sent, and a further replay goes on behind it.
    """
    sent = 0
    try:
        name = topics.transactional_id(settings.name, topics.DEAD_LETTERS.name, "replay")
        producer = TransactionalProducer(settings.kafka, name, open_seconds=_OPEN_SECONDS)
        try:
            done = replayed(settings)
            topic = topics.DEAD_LETTERS.of(settings.name)
            with closing(letters(settings)) as found:
                chosen = (
                    one
                    for one in found
                    if f"{topic}-{one.place}" not in done and not obstacle(settings, one) and wanted(one)
                )
                for group in _groups(chosen):
                    producer.commit(_outputs(settings, group, by))
                    sent += len(group)
        finally:
            producer.close()
    except (ProducerLostError, TransactionAbortedError) as error:
        raise ScoreloopError(
            f"the replay ended after {sent} letters ({error}); call it again: none is sent twice"
        ) from error
    return sent


def _outputs(settings: Settings, group: Iterable[Letter], by: str) -> Outputs:
    outputs, markers = Outputs(), list[Message]()
    for letter in group:
        source, partition, _ = letter.source
        place = f"{topics.DEAD_LETTERS.of(settings.name)}-{letter.place}".encode()
        headers = (("replayed_from", place), ("replayed_reason", letter.reason.encode()))
        outputs.single.append(Output(source, letter.key, letter.value, headers, partition))
        marker = Replay(ts=time.time_ns() // 1_000_000, to=source, by=by)
        markers.append({"key": place, "value": marker.encoded()})
    outputs.many[topics.REPLAYS.of(settings.name)] = markers
    return outputs


def _groups(chosen: Iterable[Letter]) -> Iterator[list[Letter]]:
    """As many letters as one transaction takes, at a time."""
    group: list[Letter] = []
    size = 0
    for letter in chain(chosen, [None]):
        if group and (letter is None or len(group) == MOST_LETTERS or size > MOST_BYTES):
            yield group
            group, size = [], 0
        if letter is not None:
            group.append(letter)
            size += len(letter.value or b"")
