"""Part `learning`: how fast the trainer and the monitor read what the joiner wrote."""

import itertools
from collections.abc import Iterator

import joining
from confluent_kafka import TopicPartition
from speed.figures import Figure
from speed.limit import consumed, timed
from speed.rig import Rig, Stream

from consumers.collecting import collect_seldom
from consumers.monitor import Monitor
from consumers.trainer.examples import examples
from consumers.turn import Batch
from events import topics
from transport.reading import read_to_end

OUTCOMES = 300_000
BATCH = 5_000
LEAST_READ = 150_000.0


def figures(rig: Rig) -> Iterator[Figure]:
    """Both, on the outcomes of one join."""
    stream = rig.stream(more='windows = { length = "1h" }')
    joining.write(stream.settings, OUTCOMES, OUTCOMES, OUTCOMES // 20)
    joining.joined(stream.settings, stream.path, OUTCOMES, rig.broker)
    count = sum(1 for _ in read_to_end(stream.settings.kafka, topics.OUTCOMES.of(stream.settings.name)))
    trainer = Figure("trainer: into the training's rows", "outcomes/s", at_least=LEAST_READ)
    consuming = Figure("consuming outcomes alone", "outcomes/s")
    monitor = Figure("monitor: the tallies of the joiner's turns", "outcomes/s")
    all_rows = stream.settings.training.model_copy(update={"rows": count})
    settings = stream.settings.model_copy(update={"training": all_rows})
    collect_seldom()  # as a training's process does
    for _ in range(rig.rounds):
        trainer.values.append(count / timed(lambda: examples(settings, lambda _: None)))
        consuming.values.append(consumed(stream, topics.OUTCOMES))
        monitor.values.append(count / _measuring(stream))
    yield trainer
    yield consuming
    yield trainer.over(consuming, "trainer: of consuming alone")
    yield monitor


def _measuring(stream: Stream) -> float:
    """The seconds in which the monitor's step takes all tallies, a batch at a time, and says what is new."""
    settings, tallies = stream.settings, topics.TALLIES.of(stream.settings.name)
    messages = read_to_end(settings.kafka, tallies)
    batches = [Batch(found) for found in iter(lambda: list(itertools.islice(messages, BATCH)), [])]
    step = Monitor(settings, settings.topics.partitions, "bench", dict, lambda _: None)
    step.begin([TopicPartition(tallies, 0, 0, "")])
    return timed(lambda: [step(batch, 10_000 * i) for i, batch in enumerate(batches)])
