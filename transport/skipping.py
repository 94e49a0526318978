"""Moving a group's committed offset by an operator's will, with a record of it: both or neither."""

import time
from collections.abc import Callable

from confluent_kafka import TopicPartition

from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.internal import Skip
from events.outputs import Message, Outputs
from events.settings import Settings
from events.topics import Topic
from transport.positions import Position
from transport.standing import bystander, commit
from transport.transaction import ProducerLostError, TransactionAbortedError, TransactionalProducer
from transport.written import read_written

EMPTY_SECONDS = 15.0
"""How long a member that has ended stays in its group, and more: its session is 6 s."""
_AGAIN_SECONDS = 0.5


def skip(settings: Settings, position: Position, record: Skip, say: Callable[[str], None]) -> None:
    """Have `record.service` read on from `record.to_offset`, and keep `record`, in one transaction.

    What the service keeps beside its offset stays there. `say` gets a line when there is something to wait
    for.

    Raises:
        ScoreloopError: the group has members, or the cluster refused: then nothing has changed, or, where
            the sentence says so, `offsets show` tells.
    """
    group, name = topics.group(settings.name, record.service), position.topic.of(settings.name)
    target = TopicPartition(name, record.partition, record.to_offset, position.metadata)
    stands = TopicPartition(name, record.partition, position.committed or 0, position.metadata)
    _await_empty(settings, group, target if position.committed is None else stands, say)
    told: list[Message] = [{"key": record.key, "value": record.encoded()}]
    try:
        producer = TransactionalProducer(
            settings.kafka,
            topics.transactional_id(settings.name, "offsets", "skip"),
            open_seconds=EMPTY_SECONDS,
        )
        try:
            with bystander(settings.kafka, group) as consumer:
                outputs = Outputs(many={topics.SKIPS.of(settings.name): told})
                producer.commit(outputs, [target], consumer.consumer_group_metadata())
        finally:
            producer.close()
    except (ProducerLostError, TransactionAbortedError) as error:
        raise ScoreloopError(
            f"{name}-{record.partition}: the offset may not have been moved ({error}); "
            "see `scoreloop offsets show STREAM.toml`"
        ) from error


def skips(settings: Settings) -> list[Skip]:
    """What operators have had services skip, in order of time; also what was committed a moment ago."""
    records = read_written(settings.kafka, topics.SKIPS.of(settings.name))
    found = (Skip.found(octets(record.value()) or b"") for record in records)
    return sorted(filter(None, found), key=lambda one: one.ts)


def passed_over(settings: Settings, service: str, topic: Topic, partition: int) -> list[range]:
    """The offsets that a service was made to skip in one partition."""
    place = service, topic.name, partition
    return [one.passed_over for one in skips(settings) if (one.service, one.topic, one.partition) == place]


def _await_empty(settings: Settings, group: str, stands: TopicPartition, say: Callable[[str], None]) -> None:
    """See that `group` has no member: only then it takes a commit from outside, of what `stands` anyhow."""
    until = time.monotonic() + EMPTY_SECONDS
    waits = False
    while True:
        try:
            commit(settings.kafka, group, [stands])
        except ScoreloopError as error:
            if time.monotonic() > until:
                raise ScoreloopError(f"{error}; stop every process of the service first") from None
            if not waits:
                say(f"waiting for {group} to be without members …")
            waits = True
            time.sleep(_AGAIN_SECONDS)
        else:
            return
