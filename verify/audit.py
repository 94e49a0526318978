"""An audit: the topics read once up to the cut, and every promise checked over what was read."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from confluent_kafka import Message

from events import topics
from events.settings import Settings
from events.signatures import Trust
from events.topics import Topic
from verify.answers import Answers
from verify.artifacts import Artifacts
from verify.book import Book
from verify.cut import READ, Cut, Offsets
from verify.decisions import check_decisions
from verify.evidence import Fault
from verify.exactly_once import check_exactly_once
from verify.finishes import Finishes
from verify.held import Held
from verify.history import History
from verify.idleness import Idleness
from verify.join import Join
from verify.joined import Joined, example
from verify.lateness import Lateness
from verify.lineage import check_lineage
from verify.reading import Progress
from verify.replay import Replay, check_named
from verify.report import Findings, Report
from verify.results import Results
from verify.retention import Retention
from verify.skips import Skips
from verify.sources import Sources
from verify.tables import Tables
from verify.windows import Windows, touch_pending

Read = Callable[[Topic], Iterable[Message]]
"""Gives a topic's records up to the cut, in order within a partition."""


class Audit:
    """One audit of one stream: `read`, then `report`, then `close`.

    `replay` is how many answers of each version are scored again, None for all.
    """

    def __init__(self, settings: Settings, cut: Cut, read: Read, replay: int | None) -> None:
        self._settings = settings
        self._cut = cut
        self._records = read
        self._findings = Findings(settings.name)
        self._retention = Retention()
        self._tables = Tables()
        self._book = Book(settings)
        self._windows = Windows(settings, self._book, self._findings)
        self._held = Held()
        self._finishes = Finishes()
        self._idleness = Idleness()
        self._sources = Sources(settings, self._findings, self._idleness)
        self._history = History(self._messages(topics.MODELS), self._findings, Trust(settings))
        self._foreign = self._history.foreign(settings.schema_sha256)
        self._artifacts = Artifacts(settings.registry.url, self._history.versions())
        reader = Answers(settings, self._foreign)
        self._skips = Skips(self._messages(topics.SKIPS), self._findings)
        self._results = Results(settings, reader, self._book, cut, self._skips, self._findings)
        self._replay = Replay(settings, reader, self._artifacts, self._findings, replay)

    def read(self) -> None:
        """Read the topics, each once."""
        self._finishes.sources(self._idleness.noting(self._messages(topics.SOURCES)), self._cut)
        self._finishes.tallies(touch_pending(self._book, self._messages(topics.TALLIES), self._cut))
        self._tables.fill("events", self._sources.events(self._messages(topics.FEATURES)))
        for topic in (topics.PREDICTIONS, topics.SHADOWS):
            settled_below = self._finishes.settled_below
            answers = self._results.answers(topic, self._messages(topic), self._replay, settled_below)
            self._tables.fill("answers", answers)
        self._tables.fill("outcomes", self._results.outcomes(self._messages(topics.OUTCOMES)))
        self._tables.fill("labels", self._sources.labels(self._messages(topics.LABELS)))
        self._tables.fill("log", self._sources.log(self._messages(topics.JOINING)))
        self._tables.fill("letters", self._sources.letters(self._messages(topics.DEAD_LETTERS)))
        self._held.read(self._messages(topics.WINDOWS))
        self._windows.read(self._messages(topics.METRICS))

    def report(self, beginnings: Mapping[Topic, Offsets], now: int, tell: Progress) -> Report:
        """Check everything.

        `beginnings` were asked after reading; `tell` hears of answers as they are judged.
        """
        self._retention.begins(beginnings)
        self._tables.fill("cut", self._cut_rows())
        self._skips.forget_sources(self._tables)
        foreign = bool(self._foreign)
        check_exactly_once(self._tables, self._findings, self._retention, foreign=foreign)
        check_named(self._tables, self._findings, self._history.named())
        self._replay.finish()
        check_lineage(self._tables, self._findings, self._retention, foreign=foreign)
        self._skips.forget_joined(self._tables)
        self._check_join(tell)
        self._windows.check(self._held, self._retention, finished=self._finishes.done is not None)
        check_decisions(self._history, self._findings, self._artifacts.trouble)
        return self._findings.report(now)

    def answers(self) -> int:
        """How many predictions and shadows were read."""
        names = (topic.of(self._settings.name) for topic in (topics.PREDICTIONS, topics.SHADOWS))
        return sum(self._findings.records[name] for name in names)

    def close(self) -> None:
        """Let go of the disk space."""
        self._tables.close()

    def _messages(self, topic: Topic) -> Iterator[Message]:
        seen: set[int | None] = set()
        counted = 0
        for message in self._records(topic):
            if message.partition() not in seen:
                seen.add(message.partition())
                self._retention.saw(topic, message)
            counted += 1
            yield message
        self._findings.records[topic.of(self._settings.name)] += counted

    def _cut_rows(self) -> Iterator[tuple[str, int, int, int, int]]:
        for topic in READ:
            taken = self._cut.committed.get(topic, {})
            for p in self._cut.ends[topic]:
                begins, gone = self._retention.beginning(topic, p), self._retention.gone_until(topic, p)
                yield topic.name, p, taken.get(p, 0), begins, gone

    def _check_join(self, tell: Progress) -> None:
        horizon = self._settings.labels.horizon
        gone = max(self._retention.anywhere_until(topic) for topic in (topics.FEATURES, topics.LABELS))
        curve = self._sources.seen.curve(gone + self._settings.limits.max_future_skew)
        lateness = Lateness(horizon, curve, self._finishes.ends, self._finishes.all_known)

        def broken(fault: Fault) -> None:
            self._findings.broken("I4", fault.sentence, example(self._findings.stream, fault))

        join = Join(lateness, self._finishes.settled_below, broken)
        Joined(self._tables, self._findings, self._retention, self._cut, horizon).check(join, tell)
