"""When a reader has caught up."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from transport.reading import reached


class Message:
    def __init__(self, offset: int, code: int | None = None) -> None:
        self._offset, self._error = offset, None if code is None else KafkaError(code)

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], False),
        ([Message(7), Message(8)], False),
        ([Message(9)], True),
        ([Message(12)], True),
        ([Message(8, KafkaError._PARTITION_EOF)], True),  # noqa: SLF001 (its public name)
    ],
    ids=["nothing", "before it", "the last", "later ones while it is written to", "told of the end"],
)
def test_a_partition_is_read_up_to_its_end(messages: Any, expected: bool) -> None:  # noqa: FBT001 (a parameter)
    assert reached(messages, 10) == expected
