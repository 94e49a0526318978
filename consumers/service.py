"""The scorer as a process: its slot's identity, the loop and the follower beside it, and their ends."""

from functools import partial
from threading import Event

from consumers.collecting import collect_seldom
from consumers.follower import Follower
from consumers.intake import Intake
from consumers.loop import Progress, TransactionLoop
from consumers.scorer import Scorer
from consumers.turn import Batch, Turn
from events import topics
from events.settings import Settings
from transport.in_turn import ProducersInTurn
from transport.topics import require
from transport.transaction import TransactionalProducer

_LOOK_SECONDS = 0.2


class _Scoring:
    """The scorer's step: each batch with what the follower serves at its start."""

    def __init__(self, scorer: Scorer, follower: Follower) -> None:
        self.begin = scorer.begin
        self._scorer, self._follower = scorer, follower

    def __call__(self, batch: Batch, now: int) -> Turn:
        if self._follower.serving is None:
            raise RuntimeError("a batch was read before there was a version to score it with")
        return self._scorer.turn(batch, now, self._follower.serving)


def run_scorer(settings: Settings, slot: int, stop: Event) -> Progress:
    """Score the stream as `slot` until `stop` is set; how far it came.

    Waits, without reading events, until there is a version to score with.

    Raises:
        ScoreloopError: what a person has to mend, or a newer process runs in this slot.
    """
    require(settings, topics.FEATURES, topics.PREDICTIONS, topics.SHADOWS, topics.DEAD_LETTERS,
            topics.MODELS, topics.WORKERS, topics.SOURCES, topics.TALLIES)  # fmt: skip
    collect_seldom()
    worker = topics.worker(topics.SCORER, slot)
    progress = Progress()
    scorer = Scorer(settings)
    follower = Follower(settings, worker, progress, stop)

    loop = TransactionLoop(
        _Scoring(scorer, follower),
        lambda: _producers(settings, slot),
        lambda: Intake(settings, [topics.FEATURES], topics.group(settings.name, topics.SCORER), worker),
        follower.successor,
        progress,
    )
    follower.start()
    failure: BaseException | None = None
    try:
        while not (follower.ready.wait(_LOOK_SECONDS) or stop.is_set()):
            pass
        loop.run(stop)
        follower.check()
    except BaseException as error:
        failure = error
        raise
    finally:
        follower.close(failure)
    return progress


def _producers(settings: Settings, slot: int) -> ProducersInTurn:
    """A slot's producers: the first has its transactional id, a further one that and its number."""
    identity = topics.transactional_id(settings.name, topics.SCORER, slot)
    names = [identity, *(f"{identity}.{further}" for further in range(1, settings.scoring.producers))]
    return ProducersInTurn([partial(TransactionalProducer, settings.kafka, name) for name in names])
