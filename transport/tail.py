"""The newest record of a key that is written often, without reading the topic from its beginning."""

from confluent_kafka import KafkaException, TopicPartition

from events.dead_letters import octets
from events.errors import ScoreloopError
from events.settings import Kafka
from transport import clients
from transport.reading import READER_GROUP, read_up_to

_FIRST_SPAN, _WIDER = 16, 16
_PATIENCE_SECONDS = 30.0


def last(kafka: Kafka, topic: str, key: bytes) -> bytes | None:
    """The newest committed value of `key` in the one partition of `topic`, None without.

    Looks at a few offsets before the end, and at ever more of them where it is not there.

    Raises:
        ScoreloopError: the topic cannot be read.
    """
    consumer = clients.consumer(kafka, READER_GROUP, enable_partition_eof=True, auto_offset_reset="earliest")
    try:
        low, end = consumer.get_watermark_offsets(
            TopicPartition(topic, 0), timeout=_PATIENCE_SECONDS, cached=False
        )
        span, found = _FIRST_SPAN, None
        while found is None and span < _WIDER * (end - low):
            consumer.assign([TopicPartition(topic, 0, max(low, end - span))])
            consumer.resume([TopicPartition(topic, 0)])  # reading up to an end leaves a partition paused
            for message in read_up_to(consumer, topic, {0: end}, _bear):
                found = octets(message.value()) if message.key() == key else found
            span *= _WIDER
    except KafkaException as error:
        raise ScoreloopError(f"{topic}: {clients.reason(error)}") from None
    finally:
        consumer.close()
    return found


def _bear(topic: str, seconds: float) -> None:
    if seconds > _PATIENCE_SECONDS:
        raise ScoreloopError(f"{topic}: no broker has answered for {seconds:.0f} s")
