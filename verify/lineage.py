"""I4 over the tables: outcomes against their answers, labels against `internal.labels` and `dead-letters`."""

from events import topics
from verify.checks import Check, run
from verify.report import Findings
from verify.retention import Retention
from verify.tables import Tables

CHECKS = (
    Check("I4", "an outcome has no prediction or shadow", """
        SELECT 'outcomes', x.tp, x.at, x.id,
               'an answer ' || x.p || '-' || x.o || ' of version ' || x.version || ' as ' || x.role, 'none'
        FROM outcomes x LEFT JOIN answers a
          ON a.p = x.p AND a.o = x.o AND a.version = x.version AND a.role = x.role
        LEFT JOIN cut c ON c.topic = CASE x.role WHEN 'shadow' THEN 'shadows' ELSE 'predictions' END
          AND c.p = x.tp
        WHERE a.p IS NULL AND x.scored_ts > c.gone
    """),
    Check("I4", "an outcome does not repeat its prediction's fields", """
        SELECT 'outcomes', x.tp, x.at, x.id,
               'the fields of ' || CASE x.role WHEN 'shadow' THEN 'shadows' ELSE 'predictions' END
               || '-' || a.tp || '-' || a.at, 'others'
        FROM outcomes x JOIN answers a ON a.p = x.p AND a.o = x.o AND a.version = x.version
             AND a.role = x.role
        WHERE a.whole <> x.whole
    """),
    Check("I4", "a label below the joiner's offset is not in internal.labels: it was dropped", """
        SELECT 'labels', l.p, l.o, l.id, 'a record in internal.labels', 'none'
        FROM cut c JOIN labels l ON l.p = c.p AND l.o < c.taken
        WHERE c.topic = 'labels' AND NOT l.refused AND l.kafka_ts > :log_gone
          AND NOT EXISTS (SELECT 1 FROM log f WHERE f.p = l.p AND f.o = l.o)
    """),
    Check("I4", "a label is in internal.labels more than once", """
        SELECT 'internal.labels', max(tp), max(at), max(id), 'labels-' || p || '-' || o || ' once', count(*)
        FROM log GROUP BY p, o HAVING count(*) > 1
    """),
    Check("I4", "a record of internal.labels is no record of labels", """
        SELECT 'internal.labels', f.tp, f.at, f.id, 'labels-' || f.p || '-' || f.o || ' as it is',
               CASE WHEN l.p IS NULL THEN 'no such record' ELSE 'other bytes or another time' END
        FROM log f LEFT JOIN labels l ON l.p = f.p AND l.o = f.o
        LEFT JOIN cut c ON c.topic = 'labels' AND c.p = f.p
        WHERE (l.p IS NULL AND f.o >= coalesce(c.begins, 0))
           OR l.body <> f.body OR l.kafka_ts <> f.kafka_ts
    """),
    Check("I4", "a refused label has no dead letter: it was dropped", """
        SELECT 'labels', l.p, l.o, NULL, 'a dead letter: the codec refuses the record', 'none'
        FROM cut c JOIN labels l ON l.p = c.p AND l.o < c.taken
        WHERE c.topic = 'labels' AND l.refused AND l.kafka_ts > :letters_gone
          AND NOT EXISTS (SELECT 1 FROM letters d WHERE d.topic = 'labels' AND d.p = l.p AND d.o = l.o)
    """),
    Check("I4", "a label has a dead letter whose reason cannot be", """
        SELECT 'dead-letters', d.tp, d.at, l.id,
               CASE WHEN l.refused THEN 'the reason of a refusal'
                    ELSE 'conflicting-label or orphan-label' END,
               d.reason
        FROM letters d JOIN labels l ON l.p = d.p AND l.o = d.o
        WHERE d.topic = 'labels' AND NOT :foreign_schemas
          AND l.refused = (d.reason IN ('conflicting-label', 'orphan-label'))
    """),
)  # fmt: skip


def check_lineage(tables: Tables, findings: Findings, retention: Retention, *, foreign: bool) -> None:
    """Run the checks; `foreign` says that some version answered another schema than stream.toml's."""
    run(
        CHECKS, tables, findings, foreign_schemas=foreign,
        log_gone=retention.anywhere_until(topics.JOINING),
        letters_gone=retention.anywhere_until(topics.DEAD_LETTERS),
    )  # fmt: skip
