"""The scorer's step: feature events → predictions, shadows and dead letters. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from confluent_kafka import TopicPartition
from msgspec import UNSET, Struct
from msgspec.structs import astuple

from consumers.serving import Serving
from consumers.source_report import SourceReport
from consumers.turn import Batch, Received, Turn
from events import topics
from events.dead_letters import dead_letter
from events.feature_codec import Event, FeatureCodec
from events.internal import Intake, intake_key
from events.outputs import Message, Output, Outputs
from events.prediction_codec import Answered, encode
from events.records import Role, Roles
from events.refusals import Reason, RefusalError
from events.settings import Settings
from models.routing import goes_to_canary
from models.scoring import Answer, Failure

Read = tuple[Received, Event[Struct]]
"""A record and the event in it."""


class Scorer:
    """Scores batches of one stream's events: each ends in exactly one prediction or one dead letter."""

    def __init__(self, settings: Settings) -> None:
        self.codec = FeatureCodec(settings.features, settings.limits)
        self._predictions = topics.PREDICTIONS.of(settings.name)
        self._shadows = topics.SHADOWS.of(settings.name)
        self._dead_letters = topics.DEAD_LETTERS.of(settings.name)
        self._sources = topics.SOURCES.of(settings.name)
        self._tallies = topics.TALLIES.of(settings.name)
        self._report = SourceReport("features", settings.limits.idle_after)
        self._reasons = Counter[str]()
        """Of what is refused in the turn under way."""

    def begin(self, committed: Sequence[TopicPartition]) -> None:
        """Read on from `committed`."""
        self._report.begin({partition.partition: partition.offset for partition in committed})

    def turn(self, batch: Batch, now: int, serving: Serving) -> Turn:
        """What to write for `batch`: its answers, and how far its partitions have come in event time."""
        events, outputs = self.scored(batch.messages, now, serving)
        read = {message.partition(): message.offset() + 1 for message in batch.messages}
        ends = {partition: offset for (_, partition), offset in batch.ends.items()}
        if told := self._report.told(read, _newest(events), ends, now):
            outputs.many[self._sources] = told
        if batch.messages:
            intake = Intake(ts=now, records=len(batch.messages), refused=self._reasons)
            outputs.many[self._tallies] = [{"key": intake_key("features"), "value": intake.encoded()}]
        return Turn(outputs)

    def scored(self, messages: Sequence[Received], now: int, serving: Serving) -> tuple[list[Read], Outputs]:
        """The events in `messages`, and their answers at `now` (milliseconds) by the versions of `serving`.

        One predict a version. A row that cannot be scored is refused alone and its neighbours are unharmed;
        where it is a shadow that fails, only that shadow's answer is left out.
        """
        outputs, self._reasons = Outputs(), Counter()
        events = list(self._read(messages, outputs))
        for role, number, routed in _arms(events, serving.roles):
            topic = self._shadows if role == "shadow" else self._predictions
            answers = serving.versions[number].scored([astuple(event.features) for _, event in routed])
            written = outputs.many.setdefault(topic, [])
            for (message, event), answer in zip(routed, answers, strict=True):
                if isinstance(answer, Answer):
                    written.append(_record(message, event, answer, number, role, now))
                elif role != "shadow":
                    outputs.single.append(self._refused(message, _failed(answer, number)))
        return events, outputs

    def _read(self, messages: Sequence[Received], outputs: Outputs) -> Iterator[Read]:
        for message in messages:
            try:
                yield message, self.codec.decode(message.value(), message.timestamp()[1], message.key())
            except RefusalError as refusal:
                outputs.single.append(self._refused(message, refusal))

    def _refused(self, message: Received, refusal: RefusalError) -> Output:
        self._reasons[refusal.reason] += 1
        return dead_letter(self._dead_letters, message, refusal)


def _arms(events: list[Read], roles: Roles) -> Iterator[tuple[Role, int, list[Read]]]:
    """Each arm that answers, with its version and its events.

    Two arms serve. A shadow answers what it does not serve: so champion and canary can be each other's, and
    no event has two answers of one version.
    """
    if not events:
        return
    served = _served(events, roles)
    for (role, version), routed in served.items():
        yield role, version, routed
    for shadow in roles.shadows:
        others = [routed for (_, version), routed in served.items() if version != shadow]
        if others:
            yield "shadow", shadow, list(chain.from_iterable(others))


def _served(events: list[Read], roles: Roles) -> dict[tuple[Role, int], list[Read]]:
    """Role and version → the events that it serves; arms without any are left out."""
    champion: tuple[Role, int] = ("champion", roles.champion)
    if (canary := roles.canary) is None:
        return {champion: events}
    served: dict[tuple[Role, int], list[Read]] = {}
    for read in events:
        tried = goes_to_canary(read[1].event_id, canary)
        served.setdefault(("canary", canary.version) if tried else champion, []).append(read)
    return served


def event_time(message: Received, event: Event[Struct]) -> int:
    """When the event happened: its own `ts`, or else the record's Kafka timestamp."""
    return message.timestamp()[1] if event.ts is None else event.ts


def _newest(events: list[Read]) -> dict[int, int]:
    """Partition → the largest event time in it."""
    newest: dict[int, int] = {}
    for message, event in events:
        partition, ts = message.partition(), event_time(message, event)
        if ts > newest.get(partition, ts - 1):
            newest[partition] = ts
    return newest


def _record(
    message: Received, event: Event[Struct], answer: Answer, version: int, role: Role, now: int
) -> Message:
    answered = Answered(
        event_id=event.event_id,
        prediction_id=f"{message.partition()}-{message.offset()}",
        ts=event_time(message, event),
        scored_ts=now,
        model_version=version,
        role=role,
        prediction=answer.prediction,
        features=event.features,
        probabilities=UNSET if answer.probabilities is None else answer.probabilities,
    )
    return {"key": event.event_id.encode(), "value": encode(answered)}


def _failed(failure: Failure, version: int) -> RefusalError:
    return RefusalError(Reason.SCORING_FAILED, f"version {version}: {failure.detail}")
