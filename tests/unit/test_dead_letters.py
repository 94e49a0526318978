import hashlib

from samples import Record

from events.dead_letters import dead_letter, letter
from events.refusals import MAX_DETAIL_BYTES, Reason, RefusalError, shortened
from events.topics import DEAD_LETTER_MAX_BYTES


def headers(value: bytes | None) -> tuple[bytes | None, dict[str, bytes]]:
    refusal = RefusalError(Reason.NOT_JSON, "no JSON")
    letter = dead_letter("payments.dead-letters", Record(value, at=42, part=3, ts=5), refusal)
    assert letter.key == b"key"
    return letter.value, dict(letter.headers)


def test_the_value_is_kept_byte_for_byte_with_its_source_and_reason() -> None:
    assert headers(b"\xff{") == (
        b"\xff{",
        {"source": b"payments.features-3-42", "source_ts": b"5", "reason": b"not-json", "detail": b"no JSON"},
    )


def test_no_value_stays_no_value() -> None:
    assert headers(None)[0] is None


def test_a_value_too_large_for_the_topic_leaves_its_hash() -> None:
    huge = b"x" * DEAD_LETTER_MAX_BYTES
    value, found = headers(huge)
    assert value is None
    assert found["sha256"].decode() == hashlib.sha256(huge).hexdigest()
    assert "truncated" in found


def test_a_detail_is_cut_at_a_character() -> None:
    assert shortened("ø" * 400).encode() == ("ø" * 248 + "…").encode()
    assert len(shortened("x" * 1000).encode()) == MAX_DETAIL_BYTES
    assert shortened("\ud800") == "?"


def test_a_letter_is_read_as_it_was_written() -> None:
    written = dead_letter(
        "d", Record(b"\xff{", at=42, part=3, ts=5), RefusalError(Reason.NOT_JSON, "no JSON")
    )
    read = letter(Record(written.value, at=7, part=1, ts=9, name=written.key), written.headers)
    assert (read.place, read.ts, read.source, read.source_ts) == ("1-7", 9, ("payments.features", 3, 42), "5")
    assert (read.reason, read.detail, read.key, read.value) == ("not-json", "no JSON", b"key", b"\xff{")
    assert not read.truncated


def test_a_letter_of_others_says_what_it_can() -> None:
    read = letter(Record(b"x"), [("source", b"nowhere"), ("reason", None)])
    assert (read.source, read.reason, read.detail) == (("", 0, 0), "", "")
