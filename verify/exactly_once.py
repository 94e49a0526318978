"""I1 and I2 over the tables: one answer or one dead letter for each event, and nothing twice."""

from collections.abc import Iterator

from events import topics
from verify.checks import Check, run
from verify.report import Findings, Part
from verify.retention import Retention
from verify.tables import Tables

_ANSWER_TOPIC = "CASE a.role WHEN 'shadow' THEN 'shadows' ELSE 'predictions' END"

CHECKS = (
    Check("I1", "an event below the scorer's offset has neither a prediction nor a dead letter", """
        SELECT 'features', e.p, e.o, e.id, 'a prediction or a dead letter', 'neither'
        FROM cut c JOIN events e ON e.p = c.p AND e.o < c.taken
        WHERE c.topic = 'features' AND e.kafka_ts > :outputs_gone
          AND NOT EXISTS (SELECT 1 FROM answers a WHERE a.p = e.p AND a.o = e.o AND a.role <> 'shadow')
          AND NOT EXISTS (SELECT 1 FROM letters d WHERE d.topic = 'features' AND d.p = e.p AND d.o = e.o)
    """),
    Check("I1", "an event has both a prediction and a dead letter", """
        SELECT 'dead-letters', d.tp, d.at, a.id, 'one of both',
               'also predictions-' || a.tp || '-' || a.at
        FROM letters d JOIN answers a ON a.p = d.p AND a.o = d.o AND a.role <> 'shadow'
        WHERE d.topic = 'features'
    """),
    Check("I1", "a record has more than one dead letter", """
        SELECT 'dead-letters', min(tp), min(at), NULL, 'one for ' || topic || '-' || p || '-' || o, count(*)
        FROM letters GROUP BY topic, p, o HAVING count(*) > 1
    """),
    Check("I1", "an answer's source is no record of features", f"""
        SELECT {_ANSWER_TOPIC}, a.tp, a.at, a.id, 'features-' || a.p || '-' || a.o, 'no such record'
        FROM answers a LEFT JOIN events e ON e.p = a.p AND e.o = a.o
        LEFT JOIN cut c ON c.topic = 'features' AND c.p = a.p
        WHERE e.p IS NULL AND a.o >= coalesce(c.begins, 0)
    """),
    Check("I1", "an answer does not repeat its source record", f"""
        SELECT {_ANSWER_TOPIC}, a.tp, a.at, a.id,
               CASE WHEN e.digest IS NULL THEN 'a dead letter: the codec refuses the record'
                    WHEN e.id <> a.id THEN 'event_id ' || e.id
                    WHEN e.ts <> a.ts THEN 'ts ' || e.ts
                    ELSE 'the features of features-' || a.p || '-' || a.o END,
               CASE WHEN e.digest IS NULL THEN 'an answer' WHEN e.id <> a.id THEN 'event_id ' || a.id
                    WHEN e.ts <> a.ts THEN 'ts ' || a.ts ELSE 'other features' END
        FROM answers a JOIN events e ON e.p = a.p AND e.o = a.o
        WHERE a.event IS NOT NULL AND e.digest IS NOT a.event
    """),
    Check("I1", "a dead letter's source is no record", """
        SELECT 'dead-letters', d.tp, d.at, NULL, d.topic || '-' || d.p || '-' || d.o, 'no such record'
        FROM letters d LEFT JOIN cut c ON c.topic = d.topic AND c.p = d.p
        LEFT JOIN events e ON d.topic = 'features' AND e.p = d.p AND e.o = d.o
        LEFT JOIN labels l ON d.topic = 'labels' AND l.p = d.p AND l.o = d.o
        WHERE d.topic IN ('features', 'labels') AND e.p IS NULL AND l.p IS NULL
          AND d.o >= coalesce(c.begins, 0)
    """),
    Check("I1", "a dead letter is not its source record byte for byte", """
        SELECT 'dead-letters', d.tp, d.at, coalesce(e.id, l.id),
               'key and value of ' || d.topic || '-' || d.p || '-' || d.o, 'others'
        FROM letters d LEFT JOIN events e ON d.topic = 'features' AND e.p = d.p AND e.o = d.o
        LEFT JOIN labels l ON d.topic = 'labels' AND l.p = d.p AND l.o = d.o
        WHERE d.body <> coalesce(e.body, l.body)
    """),
    Check("I1", "an event was refused that the codec takes", """
        SELECT 'dead-letters', d.tp, d.at, e.id, 'a prediction, or the reason scoring-failed', d.reason
        FROM letters d JOIN events e ON e.p = d.p AND e.o = d.o
        WHERE d.topic = 'features' AND e.digest IS NOT NULL AND d.reason <> 'scoring-failed'
          AND NOT :foreign_schemas
    """),
    Check("I2", "an event has more than one prediction", """
        SELECT 'predictions', max(tp), max(at), max(id),
               'prediction_id ' || p || '-' || o || ' once', count(*)
        FROM answers WHERE role <> 'shadow' GROUP BY p, o HAVING count(*) > 1
    """),
    Check("I2", "a shadow is there more than once", """
        SELECT 'shadows', max(tp), max(at), max(id),
               'prediction_id ' || p || '-' || o || ' of version ' || version || ' once', count(*)
        FROM answers WHERE role = 'shadow' GROUP BY p, o, version HAVING count(*) > 1
    """),
    Check("I2", "an answer has more than one outcome", """
        SELECT 'outcomes', max(tp), max(at), max(id),
               'prediction_id ' || p || '-' || o || ', ' || role || ', version ' || version || ' once',
               count(*)
        FROM outcomes GROUP BY p, o, version, role HAVING count(*) > 1
    """),
)  # fmt: skip


def check_exactly_once(tables: Tables, findings: Findings, retention: Retention, *, foreign: bool) -> None:
    """I1 and I2; `foreign` says that some version answered another schema than stream.toml's."""
    gone = max(retention.anywhere_until(topic) for topic in (topics.PREDICTIONS, topics.DEAD_LETTERS))
    run(CHECKS, tables, findings, outputs_gone=gone, foreign_schemas=foreign)
    for part, what, number in _counts(tables, gone):
        findings.count(part, what, number)
    [[unseen]] = tables.select(
        "SELECT count(*) FROM answers a JOIN cut c ON c.topic = 'features' AND c.p = a.p WHERE a.o < c.begins"
    )
    findings.not_checked("answers whose event retention has taken", unseen)
    [[unjudged]] = tables.select("SELECT count(*) FROM events WHERE kafka_ts <= :gone", gone=gone)
    findings.not_checked("events whose answer retention may have taken", unjudged)


def _counts(tables: Tables, gone: int) -> Iterator[tuple[Part, str, int]]:
    below = "FROM cut c JOIN events e ON e.p = c.p WHERE c.topic = 'features' AND e.o"
    for what, query in (
        ("events", f"SELECT count(*) {below} < c.taken AND e.kafka_ts > {gone}"),
        ("waiting", f"SELECT count(*) {below} >= c.taken"),
        ("predictions", "SELECT count(*) FROM answers WHERE role <> 'shadow'"),
        ("dead letters", "SELECT count(*) FROM letters WHERE topic = 'features'"),
    ):
        [[number]] = tables.select(query)
        yield "I1", what, number
    for what in ("predictions", "shadows", "outcomes"):
        role = {"predictions": "<> 'shadow'", "shadows": "= 'shadow'"}.get(what)
        query = "outcomes" if role is None else f"answers WHERE role {role}"
        [[number]] = tables.select(f"SELECT count(*) FROM {query}")
        yield "I2", what, number
