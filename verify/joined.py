"""I4 over the tables: each event's answers and labels put together, and judged by `verify.join`."""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter

from events import topics
from verify.cut import Cut
from verify.evidence import Fault, Given, Known
from verify.join import Join
from verify.passage import Place
from verify.reading import Progress
from verify.report import Example, Findings, place
from verify.retention import Retention
from verify.tables import Tables

_ANSWERS = """
    SELECT a.id, a.role, a.tp, a.at, a.ts, a.scored_ts, a.p, a.o, e.before, e.idle,
           x.status, x.mark, x.tp, x.at
    FROM answers a LEFT JOIN events e ON e.p = a.p AND e.o = a.o
    LEFT JOIN outcomes x ON x.p = a.p AND x.o = a.o AND x.version = a.version AND x.role = a.role
    ORDER BY a.id
"""
_LABELS = """
    SELECT f.id, f.tp, f.at, f.ts, f.kafka_ts, f.mark, f.label, f.p, f.o, l.before, l.idle,
           (SELECT min(reason) FROM letters d WHERE d.topic = 'labels' AND d.p = f.p AND d.o = f.o)
    FROM log f LEFT JOIN labels l ON l.p = f.p AND l.o = f.o
    ORDER BY f.id, f.tp, f.at
"""
_REFUSED = """
    SELECT count(*) FROM cut c JOIN labels l ON l.p = c.p AND l.o < c.taken
    WHERE c.topic = 'labels' AND l.refused
"""
_UNFILED = """
    SELECT count(*) FROM labels l WHERE NOT EXISTS (SELECT 1 FROM log f WHERE f.p = l.p AND f.o = l.o)
"""
_TELL_EVERY = 1_000


class Joined:
    """Runs the join over the tables; `horizon` is in milliseconds."""

    def __init__(
        self, tables: Tables, findings: Findings, retention: Retention, cut: Cut, horizon: int
    ) -> None:
        self._tables = tables
        self._findings = findings
        self._cut = cut
        letters = retention.anywhere_until(topics.DEAD_LETTERS)
        self._answers_from: dict[int, int] = {}
        """Partition → the time from which an answer's outcome and labels must be there."""
        self._labels_from: dict[int, int] = {}
        """Partition → the Kafka time from which a label's dead letter and elder labels must be there."""
        for p in cut.ends[topics.JOINING]:
            log = retention.gone_until(topics.JOINING, p)
            answers = (retention.gone_until(topic, p) for topic in (topics.PREDICTIONS, topics.OUTCOMES))
            self._answers_from[p] = max(*answers, log + horizon)
            self._labels_from[p] = max(letters, log + 2 * horizon)

    def check(self, join: Join, tell: Progress) -> None:
        """Judge every event; `tell` hears of answers as they are judged."""
        told = 0
        merged = merge(self._given(), self._known(), key=itemgetter(0))
        for number, (_, records) in enumerate(groupby(merged, key=itemgetter(0)), 1):
            both = list(records)
            answers = [record for record in both if isinstance(record, Given)]
            join.event(answers, [record for record in both if isinstance(record, Known)])
            if number % _TELL_EVERY == 0:
                tell(join.answers.total() - told)
                told = join.answers.total()
        self._count(join)

    def _given(self) -> Iterator[Given]:
        for row in self._tables.select(_ANSWERS):
            id_, role, tp, at, ts, scored_ts = row[:6]
            status, mark, *outcome = row[10:]
            topic = topics.SHADOWS if role == "shadow" else topics.PREDICTIONS
            yield Given(
                id_, role, tp, at, ts, Place(*row[6:10]), self._cut.taken(topic, tp, at), status, mark,
                None if status is None else (outcome[0], outcome[1]),
                scored_ts > self._answers_from.get(tp, 0),
            )  # fmt: skip

    def _known(self) -> Iterator[Known]:
        for row in self._tables.select(_LABELS):
            id_, tp, at, ts, kafka_ts, mark, label = row[:7]
            yield Known(
                id_, at, ts, mark, label, Place(*row[7:11]), self._cut.taken(topics.JOINING, tp, at), row[11],
                kafka_ts > self._labels_from.get(tp, 0),
            )  # fmt: skip

    def _count(self, join: Join) -> None:
        for what in ("matched", "expired", "waiting"):
            self._findings.count("I4 answers", what, join.answers[what])
        self._findings.count("I4 answers", "answers", join.answers.total())
        self._findings.not_checked("answers whose outcome may be deleted", join.answers["not judged"])
        self._findings.not_checked(
            "answers that expired and have a label in time, which can have been read too late", join.doubtful
        )
        [[refused]], [[unfiled]] = self._tables.select(_REFUSED), self._tables.select(_UNFILED)
        join.labels += {"refused": refused, "waiting": unfiled - refused}
        for what in ("matched", "repeats", "conflicts", "late", "orphans", "refused", "waiting"):
            self._findings.count("I4 labels", what, join.labels[what])
        self._findings.count("I4 labels", "labels", join.labels.total())


def example(stream: str, fault: Fault) -> Example:
    """A fault of the join as the report shows it."""
    subject = fault.subject
    if isinstance(subject, Known):
        where = place(topics.LABELS.of(stream), subject.source.partition, subject.source.offset)
    elif subject.outcome is not None:
        where = place(topics.OUTCOMES.of(stream), *subject.outcome)
    else:
        topic = topics.SHADOWS if subject.role == "shadow" else topics.PREDICTIONS
        where = place(topic.of(stream), subject.partition, subject.at)
    return Example(record=where, event_id=subject.event_id, expected=fault.expected, found=fault.found)
