"""How fast a service goes: over a topic that it writes, and over what it reads."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import TopicPartition
from speed.processes import cpu_seconds
from speed.rig import Stream

from events import topics as names
from transport.standing import bystander
from transport.written import read_written

_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 900.0
_ANSWER_SECONDS = 30.0


def rate(stream: Stream, topic: names.Topic, starts: Mapping[int, int]) -> float:
    """Records of `topic` a second, by when the broker appended them: what came after the first moment."""
    times = [
        message.timestamp()[1]
        for message in read_written(stream.settings.kafka, topic.of(stream.settings.name), starts)
    ]
    first, last = min(times), max(times)
    return 1_000 * sum(time > first for time in times) / max(last - first, 1)


def settled(stream: Stream, group: str, topic: names.Topic) -> None:
    """Return when `group` has committed all that stands in `topic` now."""
    name, ends = topic.of(stream.settings.name), stream.ends(topic)
    asked = [TopicPartition(name, partition) for partition in ends]
    until = time.monotonic() + _PATIENCE_SECONDS
    with bystander(stream.settings.kafka, names.group(stream.settings.name, group)) as consumer:
        while any(p.offset < ends[p.partition] for p in consumer.committed(asked, _ANSWER_SECONDS)):
            if time.monotonic() > until:
                raise TimeoutError(f"{group} has not read {name} in {_PATIENCE_SECONDS:.0f} s")
            time.sleep(_LOOK_SECONDS)


def begun(stream: Stream, topic: names.Topic, starts: Mapping[int, int]) -> int:
    """Return when something new stands in `topic`; how many offsets that are by then."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not (new := sum(stream.ends(topic).values()) - sum(starts.values())):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing came in {topic.name}")
        time.sleep(_LOOK_SECONDS)
    return new


@contextmanager
def spending(pids: Mapping[str, int], records: int) -> Iterator[dict[str, float]]:
    """Fills in, at the end, what each process spent on each of `records`, in microseconds."""
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    found: dict[str, float] = {}
    yield found
    found |= {name: 1e6 * (cpu_seconds(pid) - before[name]) / records for name, pid in pids.items()}
