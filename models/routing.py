"""Which arm answers an event: by a hash of its event_id, so the same event always goes to the same arm."""

from hashlib import blake2b

from events.records import Canary

_POINTS = 2**64


def goes_to_canary(event_id: str, canary: Canary) -> bool:
    """Whether `canary` serves this event.

    The hash is salted with the version, so that two challengers in turn do not meet the same events.
    """
    digest = blake2b(event_id.encode(), digest_size=8, salt=str(canary.version).encode()[:16]).digest()
    return int.from_bytes(digest) < canary.share * _POINTS
