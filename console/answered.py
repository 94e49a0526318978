"""What became of one event: the answer that was served, found by the event's id, and its label or expiry."""

from collections.abc import Callable

from confluent_kafka import Message

from console.progress import progress
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.records import Outcome, Prediction
from events.settings import Settings
from transport.finding import Place, Tell, first_since, newest_of, place_of

_CLOCKS_MS = 300_000
"""How far the joiner's clock may be behind the scorer's."""


def answer(settings: Settings, event_id: str) -> tuple[Prediction, int]:
    """The newest answer that was served for `event_id`, and when Kafka took it.

    Only the partition of `predictions` that has this key is read, from its end back.

    Raises:
        ScoreloopError: there is none.
    """
    key = event_id.encode()
    place = place_of(settings.kafka, topics.PREDICTIONS.of(settings.name), key)
    message = _sought(place, event_id, lambda tell: newest_of(place, key, tell))
    found = None if message is None else Prediction.found(octets(message.value()) or b"")
    if message is None or found is None:
        raise ScoreloopError(
            f"{place.topic}-{place.partition}, which keeps the offsets {place.begin} to {place.end}, has no "
            f"answer to {event_id!r}: it was not scored, was refused (`scoreloop dead-letters list`), or its "
            "answer is older than the topic keeps"
        )
    return found, message.timestamp()[1]


def outcome(settings: Settings, answered: Prediction, since: int) -> Outcome | None:
    """How an answer that was written at `since` has ended; None while it waits for its label.

    Raises:
        ScoreloopError: `outcomes` cannot be read.
    """
    key = answered.event_id.encode()
    place = place_of(settings.kafka, topics.OUTCOMES.of(settings.name), key)
    found: list[Outcome] = []

    def wanted(message: Message) -> bool:
        if octets(message.key()) != key or (one := Outcome.found(octets(message.value()) or b"")) is None:
            return False
        if (one.prediction_id, one.role) == (answered.prediction_id, answered.role):
            found.append(one)
        return bool(found)

    since -= _CLOCKS_MS
    _sought(place, answered.event_id, lambda tell: first_since(place, since, wanted, tell))
    return found[0] if found else None


def _sought(place: Place, event_id: str, look: Callable[[Tell], Message | None]) -> Message | None:
    where = f"looking for {event_id} in {place.topic}-{place.partition}"
    with progress(where, place.end - place.begin) as tell:
        return look(tell)
