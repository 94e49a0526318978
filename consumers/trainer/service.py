"""The trainer as a process: its slot's identity, the loop and the presence beside it, and their ends."""

import logging
from threading import Event

from consumers.intake import Intake
from consumers.loop import Progress, TransactionLoop
from consumers.presence import Presence
from consumers.trainer.process import Spawned
from consumers.trainer.signing import signing
from consumers.trainer.standing import Standing
from consumers.trainer.trainer import Trainer
from events import topics
from events.dead_letters import octets
from events.settings import Settings
from events.signatures import Trust
from models.registry import Registry
from transport.topics import require
from transport.transaction import TransactionalProducer
from transport.written import read_written

_TRANSACTION_TIMEOUT_MS = 15_000
"""For so long may what a killed trainer left open hold up another slot; a turn takes far less."""

_log = logging.getLogger(__name__)


def run_trainer(settings: Settings, slot: topics.Slot, stop: Event) -> Progress:
    """Act on the stream's decisions as `slot` until `stop` is set; how far it came.

    There is one partition of decisions, so one process acts, and those in other slots stand by. A slot with a
    name in place of a number is for a process that is soon gone: it leaves the group when it ends.

    Raises:
        ScoreloopError: what a person has to mend, or a newer process runs in this slot.
    """
    require(settings, topics.CONTROL, topics.MODELS, topics.OUTCOMES, topics.SERVICES)
    progress, sign = Progress(), signing(settings)
    with Presence(settings, topics.TRAINER, slot, stop) as presence:

        def detail(text: str) -> None:
            presence.detail = text

        trainer = Trainer(
            settings,
            lambda: _standing(settings),
            Registry(settings.registry.url).get,
            lambda request: Spawned(settings, request),
            detail,
            sign,
        )
        identity = topics.transactional_id(settings.name, topics.TRAINER, slot)
        group = topics.group(settings.name, topics.TRAINER)
        member = presence.worker if isinstance(slot, int) else None

        def intake() -> Intake:
            trainer.begin(())  # what the consumer before this one was given is no longer ours
            return Intake(settings, [topics.CONTROL], group, member)

        try:
            TransactionLoop(
                trainer,
                lambda: TransactionalProducer(
                    settings.kafka, identity, transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS
                ),
                intake,
                presence.successor,
                progress,
            ).run(stop)
        finally:
            trainer.close()
        presence.check()
    return progress


def _standing(settings: Settings) -> Standing:
    """What stands in `models` now, also what was being committed."""
    messages = read_written(settings.kafka, topics.MODELS.of(settings.name), say=_log.info)
    return Standing(Trust(settings), ((octets(m.key()), octets(m.value())) for m in messages))
