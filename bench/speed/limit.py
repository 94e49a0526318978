"""What bounds a Python program on Kafka, and what a plain one does.

The transport's limit is consuming and producing the same bytes, without looking into them: the records of one
topic are written to another, at least once, as many at a time as the client gives.
"""

import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from speed.rig import Stream

from events import topics as names
from models.threads import one_thread
from transport import clients

_AT_ONCE = 5_000
_QUEUE = 200_000
_WAIT_SECONDS = 0.05


def passed_on(
    stream: Stream, sources: Sequence[names.Topic], starts: dict[names.Topic, dict[int, int]]
) -> float:
    """Records a second of the first of `sources`: all are read to their ends, and it is written again."""
    kafka, name = stream.settings.kafka, stream.settings.name
    again, copied = f"{name}.{names.SHADOWS.name}", sources[0].of(name)
    producer = clients.producer(kafka, linger_ms=5, queue_buffering_max_messages=_QUEUE)
    with _reading(stream, sources, starts) as (batches, count):
        began = time.perf_counter()
        for batch in batches:
            _sent(
                producer, again, [{"key": m.key(), "value": m.value()} for m in batch if m.topic() == copied]
            )
        producer.flush()
        return count / (time.perf_counter() - began)


def consumed(stream: Stream, topic: names.Topic) -> float:
    """Records a second of `topic`, read and dropped."""
    with _reading(stream, [topic], {topic: dict.fromkeys(stream.ends(topic), 0)}) as (batches, count):
        began = time.perf_counter()
        for _ in batches:
            pass
        return count / (time.perf_counter() - began)


def plain(stream: Stream, pipeline: Any, starts: dict[int, int], most: int) -> float:
    """Events a second of the loop that one writes first: an event, a `predict_proba`, a record."""
    topic, again = names.FEATURES.of(stream.settings.name), names.SHADOWS.of(stream.settings.name)
    producer = clients.producer(stream.settings.kafka, linger_ms=5)
    consumer = _consumer(stream, {topic: starts})
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a plain array has no names of columns
        began = time.perf_counter()
        for _ in range(most):
            _answered(consumer, producer, pipeline, again)
        producer.flush()
        seconds = time.perf_counter() - began
    consumer.close()
    return most / seconds


def _answered(consumer: Consumer, producer: Producer, pipeline: Any, again: str) -> None:
    """The next event, and its answer."""
    message = None
    while message is None or message.error():
        message = consumer.poll(_WAIT_SECONDS)
    event = json.loads(message.value() or b"")
    [[_, share]] = pipeline.predict_proba(np.array([list(event["features"].values())]))
    answer = {**event, "prediction": int(share > 0.5), "probabilities": {"1": share}}
    producer.produce(again, json.dumps(answer).encode(), message.key())
    producer.poll(0)


def timed(work: Callable[[], Any]) -> float:
    """The seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _reading(
    stream: Stream, sources: Sequence[names.Topic], starts: dict[names.Topic, dict[int, int]]
) -> Iterator[tuple[Iterator[list[Message]], int]]:
    """Batches from `starts` to the ends, and how many records of the first source they are."""
    name = stream.settings.name
    ends = {topic.of(name): stream.ends(topic) for topic in sources}
    consumer = _consumer(stream, {topic.of(name): starts[topic] for topic in sources})
    first = sources[0]
    count = sum(ends[first.of(name)].values()) - sum(starts[first].values())
    try:
        yield (
            _batches(
                consumer, {(topic, p): end for topic, found in ends.items() for p, end in found.items()}
            ),
            count,
        )
    finally:
        consumer.close()


def _consumer(stream: Stream, starts: dict[str, dict[int, int]]) -> Consumer:
    consumer = clients.consumer(
        stream.settings.kafka, f"{stream.settings.name}.limit", enable_partition_eof=True,
        auto_offset_reset="earliest",
    )  # fmt: skip
    consumer.assign(
        [TopicPartition(topic, p, start) for topic, found in starts.items() for p, start in found.items()]
    )
    return consumer


def _batches(consumer: Consumer, unread: dict[tuple[str, int], int]) -> Iterator[list[Message]]:
    while unread:
        messages = consumer.consume(_AT_ONCE, _WAIT_SECONDS)
        records = [message for message in messages if message.error() is None]
        if records:
            yield records
        for message in messages:
            if message.error() is not None:  # its partition's end
                unread.pop((message.topic() or "", message.partition() or 0), None)


def _sent(producer: Producer, topic: str, waiting: list[Any]) -> None:
    while waiting:
        try:
            if producer.produce_batch(topic, waiting) == len(waiting):
                return
        except BufferError:
            pass
        waiting = [message for message in waiting if message.pop("_error", None) is not None]
        producer.poll(_WAIT_SECONDS)
