"""The rows that a version learns from: `outcomes` by ranges of offsets, which its manifest keeps."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.records import Manifest
from events.settings import Settings
from models.labelled import Labelled, newest
from transport import clients
from transport.reading import READER_GROUP, partitions_of, patient, read_up_to

_SPANS = (2, 8, 32)
"""How many offsets are read for each row that is wanted; more where there are too few rows among them."""
_ANSWER_SECONDS = 30.0

Ranges = Mapping[int, tuple[int, int]]
"""Partition → from which offset, up to which without it."""


@dataclass(frozen=True)
class Examples:
    """Rows, and where they were read."""

    labelled: Labelled
    trained_on: dict[str, Any]
    """As a manifest has it."""


def examples(
    settings: Settings, tell: Callable[[str], None], since: Mapping[int, int] = MappingProxyType({})
) -> Examples:
    """The newest `[training] rows` labelled events that were served, as far back as is worth reading.

    Nothing of a partition is read before its offset in `since`.

    Raises:
        ScoreloopError: `outcomes` cannot be read.
    """
    wanted = settings.training.rows
    topic = topics.OUTCOMES.of(settings.name)
    with _reading(settings) as consumer:
        there = _kept(consumer, topic, partitions_of(consumer, settings.kafka, topic))
    kept = {p: (min(max(begin, since.get(p, 0)), end), end) for p, (begin, end) in there.items()}
    for span in _SPANS:
        most = ceil(span * wanted / len(kept))
        ranges = {p: (max(begin, end - most), end) for p, (begin, end) in kept.items()}
        tell(f"reading {sum(end - first for first, end in ranges.values()):,} offsets of outcomes")
        found = _read(settings, topic, ranges, wanted)
        if len(found.rows) == wanted or ranges == kept:
            break
    return Examples(
        found,
        {
            "topic": topics.OUTCOMES.name,
            "partitions": {str(partition): list(span) for partition, span in ranges.items()},
            "rows": len(found.rows),
            "from_ts": found.ts[0] if found.ts else None,
            "to_ts": found.ts[-1] if found.ts else None,
        },
    )


def examples_again(settings: Settings, trained_on: Mapping[str, Any]) -> Labelled:
    """The very rows that a manifest's `trained_on` names, as `examples` read them.

    Raises:
        ScoreloopError: it names no ranges of `outcomes`, or they are no longer there.
    """
    if trained_on.get("topic") != topics.OUTCOMES.name:
        raise ScoreloopError("the version was not trained on outcomes: its rows are in the registry")
    topic = topics.OUTCOMES.of(settings.name)
    ranges = {int(partition): (first, end) for partition, (first, end) in trained_on["partitions"].items()}
    with _reading(settings) as consumer:
        for partition, (begin, end) in _kept(consumer, topic, list(ranges)).items():
            if begin > ranges[partition][0] or end < ranges[partition][1]:
                raise ScoreloopError(
                    f"{topic}-{partition} keeps the offsets {begin} to {end}, and the version learned from "
                    f"{ranges[partition][0]} to {ranges[partition][1]}: its rows cannot be read again"
                )
    return _read(settings, topic, ranges, trained_on["rows"])


def unlearned(known: Manifest) -> dict[int, int]:
    """Partition → the offset in `outcomes` at which begins what a version has not learned from."""
    if known.trained_on.get("topic") != topics.OUTCOMES.name:
        return {}
    return {int(partition): end for partition, (_, end) in known.trained_on["partitions"].items()}


@contextmanager
def _reading(settings: Settings) -> Iterator[Consumer]:
    # A start that does not exist is one whose records were deleted just now: the earliest is meant.
    consumer = clients.consumer(
        settings.kafka, READER_GROUP, enable_partition_eof=True, auto_offset_reset="earliest"
    )
    try:
        yield consumer
    except KafkaException as error:
        raise clients.trouble(topics.OUTCOMES.of(settings.name), error) from None
    finally:
        consumer.close()


def _kept(consumer: Consumer, topic: str, partitions: list[int]) -> dict[int, tuple[int, int]]:
    """Partition → the first offset that is there, and the one after all that is committed."""
    found = {}
    for partition in partitions:
        place = TopicPartition(topic, partition)
        begin, end = consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS, cached=False)
        found[partition] = (begin, end)
    return found


def _read(settings: Settings, topic: str, ranges: Ranges, most: int) -> Labelled:
    unread = {partition: end for partition, (first, end) in ranges.items() if first < end}
    with _reading(settings) as consumer:
        consumer.assign([TopicPartition(topic, partition, ranges[partition][0]) for partition in unread])
        values = (octets(message.value()) or b"" for message in read_up_to(consumer, topic, unread, patient))
        return newest(settings, values, most)
