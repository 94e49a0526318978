"""Checks as queries over `verify.tables`."""

from typing import Any, NamedTuple

from verify.report import Example, Findings, Promise, place
from verify.tables import Tables


class Check(NamedTuple):
    """A query whose every row breaks a promise.

    Its columns are topic, partition and offset of the record, its event_id, what was expected and what was
    found.
    """

    promise: Promise
    sentence: str
    query: str


def run(checks: tuple[Check, ...], tables: Tables, findings: Findings, **arguments: Any) -> None:
    """Run `checks` and gather what they find; `arguments` are what their queries name."""
    for check in checks:
        for topic, partition, offset, event_id, expected, found in tables.select(check.query, **arguments):
            example = Example(
                record=place(f"{findings.stream}.{topic}", partition, offset),
                event_id=event_id,
                expected=str(expected),
                found=str(found),
            )
            findings.broken(check.promise, check.sentence, example)
