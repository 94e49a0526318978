"""What is refused whatever a record says: one that is too large, or whose time is too far ahead."""

from events.refusals import Reason, RefusalError
from events.settings import Limits


def refuse_too_large(value: bytes | None, key: bytes | None, limits: Limits) -> None:
    """Pass a value and a key of at most `max_event_bytes` each.

    The key is looked at because it travels: one that fills a record of `labels` does not fit beside its label
    into a record of `internal.labels`, and the joiner would be stuck on it for ever.

    Raises:
        RefusalError: one of them is larger.
    """
    for what, data in (("", value), ("key: ", key)):
        if data is not None and len(data) > limits.max_event_bytes:
            limit = limits.max_event_bytes
            raise RefusalError(Reason.TOO_LARGE, f"{what}{len(data)} bytes; max_event_bytes is {limit}")


def refuse_future(ts: int | None, record_ts: int, limits: Limits) -> None:
    """Pass a `ts` at most `max_future_skew` after the record's Kafka timestamp, both in milliseconds.

    Raises:
        RefusalError: it is further ahead.
    """
    if ts is not None and ts > record_ts + limits.max_future_skew:
        ahead, allowed = ts - record_ts, limits.max_future_skew
        raise RefusalError(
            Reason.FUTURE_TS,
            f"ts: {ahead} ms after the record's Kafka timestamp; max_future_skew is {allowed} ms",
        )
