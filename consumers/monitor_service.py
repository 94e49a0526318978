"""The monitor as a process: its slot's identity, the loop and the presence beside it, and their ends."""

import logging
from threading import Event

from consumers.intake import Intake
from consumers.loop import Progress, TransactionLoop
from consumers.monitor import Monitor, newest
from consumers.presence import Presence
from events import topics
from events.dead_letters import octets
from events.settings import Settings
from transport.topics import partitions, require
from transport.transaction import TransactionalProducer
from transport.written import read_written

_TRANSACTION_TIMEOUT_MS = 15_000
"""For so long may what a killed monitor left open hold up another slot; a turn takes far less."""

_log = logging.getLogger(__name__)


def run_monitor(settings: Settings, slot: int, stop: Event) -> Progress:
    """Measure the stream as `slot` until `stop` is set; how far it came.

    There is one partition of tallies, so one process measures, and those in other slots stand by.

    Raises:
        ScoreloopError: what a person has to mend, or a newer process runs in this slot.
    """
    client = require(settings, *topics.MEASURED, topics.WINDOWS, topics.METRICS, topics.DRIFT, topics.CONTROL,
                     topics.SOURCES, topics.SERVICES, topics.FEATURES)  # fmt: skip
    count = partitions(client, settings)[topics.FEATURES.of(settings.name)]
    progress = Progress()
    with Presence(settings, topics.MONITOR, slot, stop) as presence:

        def detail(text: str) -> None:
            if text != presence.detail:  # said each turn
                presence.detail = text
                _log.info("%s: %s", presence.worker, text)

        monitor = Monitor(settings, count, presence.process, lambda: _state(settings), detail)
        identity = topics.transactional_id(settings.name, topics.MONITOR, slot)
        group = topics.group(settings.name, topics.MONITOR)
        TransactionLoop(
            monitor,
            lambda: TransactionalProducer(
                settings.kafka, identity, transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS
            ),
            lambda: Intake(settings, topics.MEASURED, group, presence.worker),
            presence.successor,
            progress,
        ).run(stop)
        presence.check()
    return progress


def _state(settings: Settings) -> dict[bytes, bytes]:
    """What stands in `internal.windows` now, also what was being committed."""
    messages = read_written(settings.kafka, topics.WINDOWS.of(settings.name), say=_log.info)
    return newest((octets(message.key()), octets(message.value())) for message in messages)
