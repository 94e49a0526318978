"""The joiner as a process: its slot's identity, the loop and the horizon beside it, and their ends."""

from threading import Event

from consumers.collecting import collect_seldom
from consumers.intake import Intake
from consumers.join.horizon import HorizonFollower
from consumers.join.joiner import Joiner
from consumers.loop import Progress, TransactionLoop
from consumers.presence import Presence
from events import topics
from events.settings import Settings
from transport.topics import require
from transport.transaction import TransactionalProducer


def run_joiner(settings: Settings, slot: int, stop: Event) -> Progress:
    """Join the stream's labels as `slot` until `stop` is set; how far it came.

    Raises:
        ScoreloopError: what a person has to mend, or a newer process runs in this slot.
    """
    require(settings, *topics.JOINED, topics.FEATURES, topics.OUTCOMES, topics.DEAD_LETTERS, *topics.INTERNAL)
    worker, group = topics.worker(topics.JOINER, slot), topics.group(settings.name, topics.JOINER)
    progress = Progress()
    collect_seldom()
    follower = HorizonFollower(settings, stop)
    with Presence(settings, topics.JOINER, slot, stop) as presence:
        loop = TransactionLoop(
            Joiner(settings, lambda: follower.horizon),
            lambda: TransactionalProducer(
                settings.kafka, topics.transactional_id(settings.name, topics.JOINER, slot)
            ),
            lambda: Intake(settings, topics.JOINED, group, worker, settings.joining.batch_records),
            presence.successor,
            progress,
        )
        follower.start()
        try:
            loop.run(stop)
        finally:
            follower.close()
        follower.check()
        presence.check()
    return progress
