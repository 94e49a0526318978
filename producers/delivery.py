"""Records on their way to Kafka: each one is delivered, or the feed says that it was not."""

from confluent_kafka import KafkaError, KafkaException, Message

from events.errors import ScoreloopError
from events.settings import Kafka, Property
from transport import clients

_ROOM_SECONDS = 0.05
_TIMEOUT = "message.timeout.ms"
_TIMEOUT_MS = 60_000  # longer than a broker's restart, shorter than a person's patience


class Delivery:
    """An idempotent producer that keeps count of what the cluster did not take."""

    def __init__(self, kafka: Kafka) -> None:
        ours: dict[str, Property] = {"delivery_report_only_error": True}
        if _TIMEOUT not in kafka.properties:
            ours["message_timeout_ms"] = _TIMEOUT_MS
        self._producer = clients.producer(kafka, **ours)
        self._first: str | None = None
        self._lost = 0

    @property
    def failed(self) -> bool:
        """Whether a record is known not to have been delivered."""
        return self._lost > 0

    def send(self, topic: str, key: str, value: bytes) -> None:
        """Queue a record, waiting for room in the queue; one that the client refuses counts as lost."""
        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=self._note)
            except BufferError:
                self._producer.poll(_ROOM_SECONDS)
            except KafkaException as error:
                self._lose(f"{key} to {topic}: {clients.reason(error)}")
                return
            else:
                return

    def poll(self, seconds: float = 0.0) -> None:
        """Hear what has become of the records, for `seconds`."""
        self._producer.poll(seconds)

    def finish(self) -> None:
        """Wait until every record has been delivered or given up.

        Raises:
            ScoreloopError: some were not delivered; the sentence names the first.
        """
        while self._producer.flush(_ROOM_SECONDS):
            pass  # in short waits, because Python hears a second Ctrl-C only between them
        if self._lost:
            records = "1 record was" if self._lost == 1 else f"{self._lost:,} records were"
            raise ScoreloopError(f"{records} not delivered, the first being {self._first}")

    def _note(self, error: KafkaError | None, message: Message) -> None:
        """Called by the client, so it only notes: an exception here would be lost or do harm."""
        if error is not None:
            key = (message.key() or b"").decode(errors="replace")
            self._lose(f"{key} to {message.topic()}: {error.str()}")

    def _lose(self, what: str) -> None:
        self._first = self._first or what
        self._lost += 1
