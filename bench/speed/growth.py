"""Parts `workers` and `events`: more scorers, and more events: what each event costs must not grow."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from confluent_kafka import ConsumerGroupState
from speed.figures import Figure
from speed.pace import begun, rate, settled
from speed.processes import cpu_seconds, megabytes, running
from speed.rig import Rig, Stream

from events import topics

WORKERS = (1, 2, 4)
PARTITIONS = 8
EVENTS = 300_000
STAGES = (100_000, 1_000_000)
LONG_STAGE = 10_000_000
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0
MOST_GROWTH = 1.1


def workers(rig: Rig) -> Iterator[Figure]:
    """Events a second of several scorer processes. They and the broker share the machine."""
    stream = rig.stream(partitions=PARTITIONS)
    stream.champion({"C": 10.0})
    stream.stamp(topics.PREDICTIONS)
    found = {count: Figure(f"{count} scorers, {PARTITIONS} partitions", "events/s") for count in WORKERS}
    for _ in range(rig.rounds):
        for count, figure in found.items():
            figure.values.append(_of_workers(stream, count))
    yield from found.values()


def _of_workers(stream: Stream, count: int) -> float:
    with ExitStack() as stack:
        for slot in range(count):
            stack.enter_context(running("scorer", stream.path, "--slot", str(slot)))
        _await_members(stream, count)
        starts = stream.ends(topics.PREDICTIONS)
        stream.append(EVENTS)
        settled(stream, topics.SCORER, topics.FEATURES)
        return rate(stream, topics.PREDICTIONS, starts)


def _await_members(stream: Stream, count: int) -> None:
    """Return when so many share the partitions, and none is left of those before."""
    group = topics.group(stream.settings.name, topics.SCORER)
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = stream.client.describe_consumer_groups([group])[group].result()
        if found.state == ConsumerGroupState.STABLE and len(found.members) == count:
            return
        if time.monotonic() > until:
            raise TimeoutError(f"{group} has {len(found.members)} members, not {count}")
        time.sleep(_LOOK_SECONDS)


def events(rig: Rig) -> Iterator[Figure]:
    """What an event costs one scorer early and late, and its memory then."""
    stages = (*STAGES, LONG_STAGE) if rig.long else STAGES
    stream = rig.stream()
    stream.champion({"C": 10.0})
    stream.append(stages[-1])
    starts, samples = stream.ends(topics.PREDICTIONS), []
    with running("scorer", stream.path) as process:
        begun(stream, topics.PREDICTIONS, starts)
        while (done := sum(stream.ends(topics.PREDICTIONS).values())) < stages[-1]:
            samples.append((done, cpu_seconds(process.pid), megabytes(process.pid)))
            time.sleep(_LOOK_SECONDS)
    first = _cost(samples, 0, stages[0])
    for stage in stages:
        last = _cost(samples, stage - stages[0], stage)
        yield Figure(f"the {stages[0]:,} events up to {stage:,}", "µs/event", [last])
        yield Figure(f"memory at {stage:,}", "MB", [max(held for done, _, held in samples if done <= stage)])
    yield Figure("cost of the last over that of the first", "", [last / first], at_most=MOST_GROWTH)


def _cost(samples: list[tuple[int, float, float]], begin: int, end: int) -> float:
    """Processor time an event between two counts."""
    between = [(done, cpu) for done, cpu, _ in samples if begin <= done <= end]
    (first, before), (last, after) = between[0], between[-1]
    return 1e6 * (after - before) / (last - first)
