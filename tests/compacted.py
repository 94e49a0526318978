"""A compacted topic, as far as a test needs one."""

from events.outputs import Message


def keep(topic: dict[bytes, bytes], message: Message) -> None:
    """The newest record of a key, none after a tombstone."""
    key, value = message["key"], message["value"]
    assert isinstance(key, bytes)
    if isinstance(value, bytes):
        topic[key] = value
    else:
        topic.pop(key, None)
