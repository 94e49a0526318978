"""The verdict on a run: what is there, what a reader saw beside it, what must be there, and `verify`."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from confluent_kafka import Message
from faults.load import Load, label_of
from faults.watching import Place, Watcher, digest_of, place_of
from streams import Stream

from events import topics
from events.dead_letters import octets
from events.topics import Topic
from transport.reading import read_to_end
from verify.run import verified

REPLAYED = 200
"""So many answers of each version are scored again."""


@dataclass
class Verdict:
    """What a run came to."""

    records: int
    """In `features` and `labels`."""
    lost: int
    """Events without an answer, answers without an outcome, labels that did not count, records that went."""
    duplicated: int
    troubles: list[str] = field(default_factory=list)
    """Everything that is not as it must be, a sentence each."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.duplicated or self.troubles)


def judged(stream: Stream, load: Load, watcher: Watcher) -> Verdict:
    """The verdict after a finish: everything is settled and nothing is written any more."""
    there = watcher.end()
    answers = _names(stream, there, topics.PREDICTIONS)
    letters = [
        source for source in _sources(stream, there) if source.startswith(stream.topic(topics.FEATURES))
    ]
    taken = [*(f"{stream.topic(topics.FEATURES)}-{name}" for name in answers), *letters]
    events = {
        place_name(message) for message in read_to_end(stream.settings.kafka, stream.topic(topics.FEATURES))
    }
    labels = sum(1 for _ in read_to_end(stream.settings.kafka, stream.topic(topics.LABELS)))
    outcomes = _outcomes(stream, there)
    names = [(outcome["prediction_id"], outcome["role"], outcome["model_version"]) for outcome in outcomes]
    served = [outcome for outcome in outcomes if outcome["role"] != "shadow"]
    wrong = [outcome["event_id"] for outcome in served
             if label_of(outcome) != load.expected.get(outcome["event_id"])]  # fmt: skip
    gone = _gone(watcher, there)
    counts = {
        "events have no answer": len(events - set(taken)),
        "answers have no outcome": len(set(answers) - {outcome["prediction_id"] for outcome in served}),
        f"outcomes have another label than was sent, such as {wrong[:3]}": len(wrong),
        f"records were seen and are gone or changed, such as {gone[:3]}": len(gone),
    }
    twice = {"events have two answers": _again(taken), "answers have two outcomes": _again(names),
             "offsets were read with two contents": watcher.repeats}  # fmt: skip
    verdict = Verdict(len(events) + labels, sum(counts.values()), sum(twice.values()))
    verdict.troubles += [f"{count} {what}" for what, count in {**counts, **twice}.items() if count]
    if missed := len(there.keys() - watcher.seen.keys()):
        verdict.troubles.append(f"the reader beside the run did not see {missed} records: {watcher.failure}")
    verdict.troubles += audited(stream)
    return verdict


def audited(stream: Stream) -> list[str]:
    """What `scoreloop verify` finds, a sentence each."""
    report = verified(stream.settings, REPLAYED, _silent)
    return [
        f"verify: {finding.promise}: {finding.sentence}: {finding.count}, such as {finding.first[0]}"
        for finding in report.findings
    ]


def _silent(_what: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _: None)


def place_name(message: Message) -> str:
    """A record's place as `dead-letters` names it."""
    return "-".join(map(str, place_of(message)))


def _of(stream: Stream, there: dict[Place, Message], topic: Topic) -> Iterable[Message]:
    return (message for place, message in there.items() if place[0] == stream.topic(topic))


def _names(stream: Stream, there: dict[Place, Message], topic: Topic) -> list[str]:
    return [json.loads(octets(m.value()) or b"")["prediction_id"] for m in _of(stream, there, topic)]


def _sources(stream: Stream, there: dict[Place, Message]) -> list[str]:
    letters = _of(stream, there, topics.DEAD_LETTERS)
    return [dict(letter.headers() or [])["source"].decode() for letter in letters]  # type: ignore[union-attr]


def _outcomes(stream: Stream, there: dict[Place, Message]) -> list[dict[str, str]]:
    return [json.loads(octets(m.value()) or b"") for m in _of(stream, there, topics.OUTCOMES)]


def _gone(watcher: Watcher, there: dict[Place, Message]) -> list[Place]:
    """What the reader saw and is not there, or says something else."""
    digests = {place: digest_of(message) for place, message in there.items()}
    return [place for place, digest in watcher.seen.items() if digests.get(place) != digest]


def _again(names: Iterable[object]) -> int:
    return sum(count - 1 for count in Counter(names).values())
