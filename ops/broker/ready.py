"""When a cluster is ready: a transaction has gone through. Open ports and formatted disks prove less."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from events.outputs import Output, Outputs
from events.settings import Kafka
from ops.broker.ports import listening
from transport import clients
from transport.transaction import ProducerLostError, TransactionAbortedError, TransactionalProducer

TOPIC = "__scoreloop-ready"
"""Where the proving transactions go: one record a start."""

_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
_TRANSACTION_MS = 10_000  # also bounds how long a commit waits for a coordinator that has just died


def wait(kafka: Kafka, ports: Sequence[int], check: Callable[[], None], seconds: float) -> None:
    """Return when every broker has joined and a transaction was committed.

    `check` is called between the attempts; it raises when waiting longer is of no use.

    Raises:
        TimeoutError: it took more than `seconds`.
    """
    until = time.monotonic() + seconds
    for passed in (partial(_listen, ports), partial(_joined, kafka, len(ports)), partial(_committed, kafka)):
        while not passed():
            check()
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(_PAUSE_SECONDS)


def _listen(ports: Sequence[int]) -> bool:
    return all(map(listening, ports))


def _joined(kafka: Kafka, brokers: int) -> bool:
    """Whether the cluster has all its brokers and the topic for the proof; if only that lacks, make it."""
    admin = clients.admin(kafka)
    try:
        cluster = admin.list_topics(timeout=_ANSWER_SECONDS)
        if len(cluster.brokers) < brokers or TOPIC in cluster.topics:
            return len(cluster.brokers) >= brokers
        topic = NewTopic(TOPIC, num_partitions=1)
        admin.create_topics([topic], request_timeout=_ANSWER_SECONDS)[TOPIC].result()
    except KafkaException:
        return False  # the controller is still settling: ask again
    return True


def _committed(kafka: Kafka) -> bool:
    """Whether a transaction went through; it does not while its coordinator loads."""
    try:
        producer = TransactionalProducer(
            kafka, TOPIC, open_seconds=_ANSWER_SECONDS, transaction_timeout_ms=_TRANSACTION_MS
        )
    except ProducerLostError:
        return False
    try:
        producer.commit(Outputs(single=[Output(TOPIC, key=None, value=b"ready")]))
    except (TransactionAbortedError, ProducerLostError):
        return False
    else:
        return True
    finally:
        producer.close()
