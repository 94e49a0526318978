"""The partition of a record with a key, as our producers and Java's choose it."""

_SEED, _FACTOR, _SHIFT = 0x9747B28C, 0x5BD1E995, 24
_BITS = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition for `key` in a topic that has had so many from the beginning."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 of 32 bits, by Appleby, with Kafka's seed; unsigned."""
    found = _SEED ^ len(data)
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        word = int.from_bytes(data[i : i + 4], "little") * _FACTOR & _BITS
        word = (word ^ word >> _SHIFT) * _FACTOR & _BITS
        found = found * _FACTOR & _BITS ^ word
    if rest := data[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * _FACTOR & _BITS
    found = (found ^ found >> 13) * _FACTOR & _BITS
    return found ^ found >> 15
