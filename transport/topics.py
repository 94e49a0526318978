"""The stream's topics on the cluster: made as the contract says, and checked against it."""

import time
from collections.abc import Iterator

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec

from events import topics
from events.errors import ScoreloopError
from events.settings import Settings
from events.topics import ALL, Topic
from transport import clients
from transport.standing import ANSWER_SECONDS, answered, commit, committed, offsets

_AGAIN_SECONDS = 0.05
_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
_ANSWER_BYTES = 64 * 1024
"""Room in an answer for ids, probabilities and the rest, beside the features."""
_NUMBERS_GROW = 5
"""How many times longer a number can be when it is written anew: `1e15` → `1000000000000000.0`."""


def create(settings: Settings) -> list[str]:
    """Make what is missing and leave what is there; the names of the topics that were made.

    Also commits the beginning of every partition for each service's group that has no offset there: a
    service started later begins at the beginning, and an offset missing afterwards is a fault.

    Raises:
        ScoreloopError: the cluster cannot be reached, or refuses.
    """
    client = clients.reached(settings.kafka)
    there = partitions(client, settings)
    wanted = [
        NewTopic(
            topic.of(settings.name),
            num_partitions=_partitions_of(topic, settings, there),
            replication_factor=settings.topics.replication_factor or -1,
            config=config(topic, settings),
        )
        for topic in ALL
        if topic.of(settings.name) not in there
    ]
    for name, future in (client.create_topics(wanted) if wanted else {}).items():
        answered(future.result, f"topic {name}")
    _await(client, settings, {topic.topic for topic in wanted})
    for group, topic in topics.groups(settings.name):
        if missing := missing_offsets(client, settings, group, topic):
            name = topic.of(settings.name)
            beginnings = offsets(client, name, max(missing) + 1, OffsetSpec.earliest())
            commit(settings.kafka, group, [TopicPartition(name, p, beginnings[p]) for p in missing])
    return [topic.topic for topic in wanted]


def check(settings: Settings) -> list[str]:
    """What on the cluster does not fit the contract, a sentence each; none when all is well."""
    client = clients.reached(settings.kafka)
    there = partitions(client, settings)
    findings = [
        f"{topic.of(settings.name)} is missing; run `scoreloop topics create STREAM.toml`"
        for topic in ALL
        if topic.of(settings.name) not in there
    ]
    present = [topic for topic in ALL if topic.of(settings.name) in there]
    findings += [finding for topic in present for finding in _misfits(client, settings, topic, there)]
    for group, topic in topics.groups(settings.name):
        if topic in present and (missing := missing_offsets(client, settings, group, topic)):
            findings.append(
                f"group {group} has no offset for partition {', '.join(map(str, missing))} of "
                f"{topic.of(settings.name)}; run `scoreloop topics create STREAM.toml`"
            )
    return findings


def require(settings: Settings, *needed: Topic) -> AdminClient:
    """An admin client of a cluster that has the `needed` topics.

    Raises:
        ScoreloopError: the cluster cannot be reached, or a topic is missing.
    """
    client = clients.reached(settings.kafka)
    there = partitions(client, settings)
    for topic in needed:
        if topic.of(settings.name) not in there:
            raise ScoreloopError(
                f"there is no topic {topic.of(settings.name)} at {settings.kafka.bootstrap_servers}; "
                "run `scoreloop topics create STREAM.toml`"
            )
    return client


def partitions(client: AdminClient, settings: Settings) -> dict[str, int]:
    """The stream's topics that are there, with how many partitions each has."""
    metadata = client.list_topics(timeout=ANSWER_SECONDS).topics
    return {
        name: len(topic.partitions)
        for name, topic in metadata.items()
        if name.startswith(f"{settings.name}.")
    }


def config(topic: Topic, settings: Settings) -> dict[str, str]:
    """The configuration that `topic` is made with: an answer repeats its event, so its topic takes more."""
    largest = settings.limits.max_event_bytes * _NUMBERS_GROW + _ANSWER_BYTES
    answers = {"max.message.bytes": str(largest)} if largest > _DEFAULT_MAX_MESSAGE_BYTES else {}
    carries_answers = topic in (
        topics.PREDICTIONS, topics.SHADOWS, topics.OUTCOMES, topics.JOINING, topics.PARKED
    )  # fmt: skip
    return {"cleanup.policy": topic.clean_up, **topic.config, **(answers if carries_answers else {})}


def _await(client: AdminClient, settings: Settings, made: set[str]) -> None:
    """Wait until the brokers know `made`: they answer for a topic a moment after they have made it."""
    until = time.monotonic() + ANSWER_SECONDS
    while missing := made - partitions(client, settings).keys():
        if time.monotonic() > until:
            raise ScoreloopError(f"topic {min(missing)} was made and is not there; look at the broker's log")
        time.sleep(_AGAIN_SECONDS)


def _partitions_of(topic: Topic, settings: Settings, there: dict[str, int]) -> int:
    match topic.partitions:
        case "one":
            return 1
        case "user":
            return settings.topics.partitions
        case "as features":
            return there.get(topics.FEATURES.of(settings.name), settings.topics.partitions)


def _misfits(client: AdminClient, settings: Settings, topic: Topic, there: dict[str, int]) -> Iterator[str]:
    name = topic.of(settings.name)
    expected = _partitions_of(topic, settings, there)
    if topic.partitions != "user" and there[name] != expected and topic is not topics.DEAD_LETTERS:
        yield f"{name} has {there[name]} partitions and must have {expected}; delete it and create it again"
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    actual = answered(lambda: client.describe_configs([resource])[resource].result(), name)
    for key, value in config(topic, settings).items():
        if topic.partitions != "user" and _differs(key, actual[key].value, value):
            yield f"{name} has {key} = {actual[key].value} and must have {value}"


def _differs(key: str, actual: str | None, wanted: str) -> bool:
    if key == "cleanup.policy":
        return actual != wanted
    return actual is None or 0 <= int(actual) < int(wanted)  # -1 is without bound


def missing_offsets(client: AdminClient, settings: Settings, group: str, topic: Topic) -> list[int]:
    """The partitions of `topic` for which `group` has committed nothing."""
    name = topic.of(settings.name)
    there = committed(settings.kafka, group, name, partitions(client, settings).get(name, 0))
    return [partition for partition, offset in there.items() if offset is None]
