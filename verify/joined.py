"""I4 over the tables: outcomes and labels against what they come from, and the join by event."""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from events import topics
from events.topics import Topic
from verify.cut import Cut
from verify.join import Fault, Given, Join, Known
from verify.passage import Place
from verify.reading import Tell
from verify.report import Example, Findings, place
from verify.retention import Retention
from verify.scored import Check, run
from verify.tables import Tables

_ANSWERS = """
    SELECT a.id, a.role, a.version, a.tp, a.at, a.ts, a.scored_ts, a.p, a.o, e.before, e.idle,
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


_TELL_EVERY = 1_000


class Joined:
    """Runs the join over the tables."""

    def __init__(
        self, tables: Tables, findings: Findings, retention: Retention, cut: Cut, horizon: int
    ) -> None:
        self._tables = tables
        self._findings = findings
        self._cut = cut
        self._letters_gone = retention.anywhere_until(topics.DEAD_LETTERS)
        self._log_gone = retention.anywhere_until(topics.JOINING)
        partitions = cut.ends[topics.JOINING]
        log = {p: retention.gone_until(topics.JOINING, p) for p in partitions}
        answers = {
            p: max(retention.gone_until(t, p) for t in (topics.PREDICTIONS, topics.OUTCOMES))
            for p in partitions
        }
        self._answers_from = {p: max(answers[p], log[p] + horizon) for p in partitions}
        self._labels_from = {p: max(self._letters_gone, log[p] + 2 * horizon) for p in partitions}

    def check(self, join: Join, tell: Tell, *, foreign: bool) -> None:
        """All of I4 but the metrics; `tell` hears of answers as they are judged."""
        gone = {"log_gone": self._log_gone, "letters_gone": self._letters_gone}
        run(CHECKS, self._tables, self._findings, **gone, foreign_schemas=foreign)
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
        judged_from = self._answers_from
        for (
            id_,
            role,
            version,
            tp,
            at,
            ts,
            scored,
            p,
            o,
            before,
            idle,
            status,
            mark,
            xp,
            xo,
        ) in self._tables.select(_ANSWERS):
            topic = topics.SHADOWS if role == "shadow" else topics.PREDICTIONS
            yield Given(
                id_, role, version, tp, at, ts, Place(p, o, before, idle), self._cut.taken(topic, tp, at),
                status, mark, None if status is None else (xp, xo), scored > judged_from.get(tp, 0),
            )  # fmt: skip

    def _known(self) -> Iterator[Known]:
        for id_, tp, at, ts, kafka_ts, mark, label, p, o, before, idle, letter in self._tables.select(
            _LABELS
        ):
            yield Known(
                id_, at, ts, mark, label, Place(p, o, before, idle),
                self._cut.taken(topics.JOINING, tp, at), letter, kafka_ts > self._labels_from.get(tp, 0),
            )  # fmt: skip

    def _count(self, join: Join) -> None:
        for what in ("matched", "expired", "waiting"):
            self._findings.count("I4 answers", what, join.answers[what])
        self._findings.count("I4 answers", "answers", join.answers.total())
        self._findings.not_checked(
            "answers whose outcome retention may have taken", join.answers["not judged"]
        )
        [[refused]] = self._tables.select(
            "SELECT count(*) FROM cut c JOIN labels l ON l.p = c.p AND l.o < c.taken "
            "WHERE c.topic = 'labels' AND l.refused"
        )
        [[unfiled]] = self._tables.select(
            "SELECT count(*) FROM labels l"
            " WHERE NOT EXISTS (SELECT 1 FROM log f WHERE f.p = l.p AND f.o = l.o)"
        )
        join.labels += {"refused": refused, "waiting": unfiled - refused}
        for what in ("matched", "repeats", "conflicts", "late", "orphans", "refused", "waiting"):
            self._findings.count("I4 labels", what, join.labels[what])
        self._findings.count("I4 labels", "labels", join.labels.total())


def tell_to(findings: Findings) -> Any:
    """Where the faults of a join go."""

    def told(fault: Fault) -> None:
        subject = fault.subject
        example = Example(
            record=place(*_where(findings.stream, subject)),
            event_id=subject.event_id,
            expected=fault.expected,
            found=fault.found,
        )
        findings.broken("I4", fault.sentence, example)

    return told


def _where(stream: str, subject: Given | Known) -> tuple[str, int, int]:
    if isinstance(subject, Known):
        return topics.LABELS.of(stream), subject.source.partition, subject.source.offset
    if subject.outcome is not None:
        return topics.OUTCOMES.of(stream), *subject.outcome
    topic: Topic = topics.SHADOWS if subject.role == "shadow" else topics.PREDICTIONS
    return topic.of(stream), subject.partition, subject.at
