"""Kafka clients with the settings that the promises need. The one place that builds a configuration."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from events.errors import ScoreloopError
from events.settings import BOOTSTRAP_VARIABLE, Kafka, Property

REACH_SECONDS = 5.0
"""How long a broker may take to answer the first question."""

Client = TypeVar("Client")

_log = logging.getLogger("scoreloop.kafka")


class UnreachableError(ScoreloopError):
    """No broker has answered: who runs already can wait for it, who begins says so."""


PASSING = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 (their public names)
    KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001
    KafkaError._TIMED_OUT,  # noqa: SLF001
    KafkaError._TRANSPORT,  # noqa: SLF001
}
"""What a client says of a broker that is away: it goes on by itself once the broker is back."""

_SAFE_CONSUMER: dict[str, Property] = {
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",  # earliest and latest both lose or repeat records without a word
    "check.crcs": True,
}
_SAFE_PRODUCER: dict[str, Property] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # as Java's client does, so that any program finds a key's partition
}
_PER_CLIENT = {"bootstrap.servers", "group.id", "group.instance.id", "transactional.id", "group.protocol"}
_OWNED = {*_SAFE_CONSUMER, *_SAFE_PRODUCER, *_PER_CLIENT}


def configuration(kafka: Kafka, ours: dict[str, Any]) -> dict[str, Any]:
    """librdkafka's configuration: the file's properties, and ours above them.

    Raises:
        ScoreloopError: the file sets a property on which exactly-once rests.
    """
    if owned := sorted(_OWNED & set(kafka.properties)):
        raise ScoreloopError(f"[kafka] {owned[0]}: scoreloop sets this property itself; remove it")
    return {
        "client.id": "scoreloop",
        "logger": _log,
        **kafka.properties,
        "bootstrap.servers": kafka.bootstrap_servers,
        **ours,
    }


def consumer(kafka: Kafka, group: str, **ours: Property) -> Consumer:
    """A consumer that reads committed records only and never moves an offset by itself.

    `ours` are further properties, written with underscores for dots.
    """
    return _built(Consumer, configuration(kafka, {**_SAFE_CONSUMER, "group.id": group, **_dots(ours)}))


def producer(kafka: Kafka, **ours: Property) -> Producer:
    """An idempotent producer that waits for all replicas."""
    return _built(Producer, configuration(kafka, {**_SAFE_PRODUCER, **_dots(ours)}))


def admin(kafka: Kafka) -> AdminClient:
    """An admin client; keep a reference while a future of its is open."""
    return _built(AdminClient, configuration(kafka, {}))


def reached(kafka: Kafka, seconds: float = REACH_SECONDS) -> AdminClient:
    """An admin client of a cluster that has answered.

    Raises:
        ScoreloopError: no broker answered in time; the sentence says where it was looked for.
    """
    client = admin(kafka)
    try:
        client.list_topics(timeout=seconds)
    except KafkaException as error:
        raise unreachable(kafka, error) from None
    return client


def trouble(what: str, error: KafkaException) -> ScoreloopError:
    """The sentence for a question about `what` that failed; an `UnreachableError` where it may pass."""
    kind = UnreachableError if error.args[0].code() in PASSING else ScoreloopError
    return kind(f"{what}: {reason(error)}")


def unreachable(kafka: Kafka, error: KafkaException) -> UnreachableError:
    """The sentence for a cluster that did not answer."""
    return UnreachableError(
        f"no Kafka broker answers at {kafka.bootstrap_servers} ({reason(error)}); start one with "
        f"`scoreloop broker start`, or set bootstrap_servers under [kafka] or {BOOTSTRAP_VARIABLE}"
    )


def reason(error: KafkaException) -> str:
    """What librdkafka says went wrong, in its words."""
    cause = error.args[0]
    return str(cause.str()) if isinstance(cause, KafkaError) else str(cause)


def _dots(properties: dict[str, Property]) -> dict[str, Property]:
    return {name.replace("_", "."): value for name, value in properties.items()}


def _built(client: Callable[[dict[str, Any]], Client], config: dict[str, Any]) -> Client:
    try:
        return client(config)
    except KafkaException as error:
        raise ScoreloopError(f"[kafka]: {reason(error)}") from None
