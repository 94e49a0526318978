"""Why a record was refused: the named reasons of `dead-letters`, and the exception that carries one."""

from enum import StrEnum

MAX_DETAIL_BYTES = 500


class Reason(StrEnum):
    """The header `reason` of a dead letter."""

    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    MISSING_FIELD = "missing-field"
    WRONG_TYPE = "wrong-type"
    NOT_FINITE = "not-finite"
    UNKNOWN_CATEGORY = "unknown-category"
    BAD_EVENT_ID = "bad-event-id"
    FUTURE_TS = "future-ts"
    UNKNOWN_LABEL = "unknown-label"
    CONFLICTING_LABEL = "conflicting-label"
    ORPHAN_LABEL = "orphan-label"
    SCORING_FAILED = "scoring-failed"


class RefusalError(Exception):
    """A record that cannot be used, with the reason's name and a sentence for a person.

    `detail` never exceeds 500 bytes and never quotes a value at length: a record may hold secrets.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = shortened(detail)
        super().__init__(f"{reason}: {self.detail}")


def shortened(detail: str) -> str:
    """`detail` cut to 500 bytes of UTF-8, at a character's boundary."""
    encoded = detail.encode(errors="replace")
    if len(encoded) <= MAX_DETAIL_BYTES:
        return encoded.decode()
    return encoded[: MAX_DETAIL_BYTES - 3].decode(errors="ignore") + "…"
