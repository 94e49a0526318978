"""Several transactional producers that take turns, for a service whose answers are waited for.

A producer's next transaction cannot begin before the brokers have written the marks of its last one
(`CONCURRENT_TRANSACTIONS`, and a retry): with two in turn the marks of one are written while the other's
transaction runs. The transactions themselves stay one after another, and in order: an offset that is
committed by an older transaction is never put above a newer one's, whose record stands behind it in
`__consumer_offsets`, whichever marks come first.
"""

from collections.abc import Callable, Sequence
from itertools import cycle

from confluent_kafka import TopicPartition

from events.outputs import Outputs
from transport.transaction import TransactionalProducer


class ProducersInTurn:
    """Commits with one after the other, and ends them together: all are opened before any is used.

    Raises:
        ProducerLostError: one could not be opened.
    """

    def __init__(self, opened: Sequence[Callable[[], TransactionalProducer]]) -> None:
        self._producers: list[TransactionalProducer] = []
        try:
            for opening in opened:
                self._producers.append(opening())
        except BaseException:
            self.close()
            raise
        self._next = cycle(self._producers)

    def commit(self, outputs: Outputs, offsets: Sequence[TopicPartition] = (), group: object = None) -> None:
        """As `TransactionalProducer.commit`."""
        next(self._next).commit(outputs, offsets, group)

    def close(self) -> None:
        """Close all."""
        for producer in self._producers:
            producer.close()
