import hashlib
from typing import Any

import pytest
from trainings import Log, decision

from console.trail import ORIGIN, Entry, Stated, trail

Records = tuple[list[Stated], list[bytes]]


def lived() -> Records:
    """Two decisions that were acted on, as `models` and `control` have them."""
    log = Log(versions=2)
    trainer = log.trainer()
    log.ask(decision("rollback", "d-1", evidence={"by": "ada@host", "e": 7.5}, reason="bad Mondays"))
    log.ask(decision("pause", "d-2", requested_by="monitor"))
    log.go(trainer)
    return [Stated(key or b"", value or b"", 0) for key, value in log.models], [
        one or b"" for one in log.control
    ]


def read(models: list[Stated], control: list[bytes]) -> list[Entry]:
    return list(trail(models, control))


def test_a_line_says_who_what_why_and_on_what_evidence() -> None:
    lines = {one.key: one for one in read(*lived())}
    asked = lines["decision/d-1"]
    assert (asked.who, asked.why, asked.evidence["e"]) == ("operator ada@host", "bad Mondays", 7.5)
    assert asked.what.startswith("rollback done → v1: version 1 is champion again")
    assert asked.record["epoch"] == 3
    assert lines["decision/d-2"].who == "monitor"
    assert "v1 is champion" in lines["roles/3"].what
    assert "roles" not in lines, "the key that is written again and again"
    assert not any(one.repeated for one in lines.values())


def test_the_first_hash_is_what_the_documents_say() -> None:
    models, control = lived()
    first, *_ = read(models, control)
    parts = [hashlib.sha256(part).digest() for part in (models[0].key, models[0].value, b"")]
    assert first.hash == hashlib.sha256(ORIGIN + b"".join(parts)).hexdigest()


def test_more_lines_leave_the_hashes_before_them() -> None:
    models, control = lived()
    before = [one.hash for one in read(models[:-3], control)]
    assert [one.hash for one in read(models, control)][: len(before)] == before


def changed(records: Records, what: str) -> Records:
    models, control = records
    at = next(i for i, one in enumerate(models) if one.key == b"decision/d-1")
    one, rest = models[at], (models[:at], models[at + 1 :])
    other = one._replace(value=one.value.replace(b"done", b"none"))
    return {
        "a value": ([*rest[0], other, *rest[1]], control),
        "a key": ([*models[:at], one._replace(key=b"decision/d-9"), *models[at + 1 :]], control),
        "what was asked": (models, [control[0].replace(b"Mondays", b"Fridays"), *control[1:]]),
        "evidence": (models, [control[0].replace(b"7.5", b"7.6"), *control[1:]]),
        "one removed": (models[:at] + models[at + 1 :], control),
        "one put in": ([*models[:at], Stated(b"decision/x", b"{}", 0), *models[at:]], control),
        "two exchanged": ([*models[: at - 2], models[at], *models[at - 2 : at], *models[at + 1 :]], control),
        "compacted after an edit": (
            [*rest[0], *rest[1], other], control,
        ),
    }[what]  # fmt: skip


CHANGES = [
    "a value", "a key", "what was asked", "evidence", "one removed", "one put in", "two exchanged",
    "compacted after an edit",
]  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_head_that_was_kept_shows_any_change(what: str) -> None:
    records: Any = lived()
    head = read(*records)[-1].hash
    assert head not in {one.hash for one in read(*changed(records, what))}


def test_a_record_that_is_written_again_shows_without_a_head() -> None:
    models, control = lived()
    again = next(one for one in models if one.key == b"decision/d-1")
    *_, last = read([*models, again._replace(value=b"{}")], control)
    assert last.repeated
    *_, same = read([*models, again], control)
    assert not same.repeated


@pytest.mark.parametrize("value", [b"", b"\xff", b"[" * 100_000, b"7"])
def test_a_record_that_cannot_be_read_is_a_line_all_the_same(value: bytes) -> None:
    [line] = read([Stated(b"roles/1", value, 0)], [value])
    assert line.what == "a record that cannot be read"
