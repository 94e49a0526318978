"""A training in a process of its own, so that polling is never blocked and any end of it can be survived."""

import logging
from multiprocessing import get_context

from consumers.trainer.course import Request
from consumers.trainer.draft import Draft
from consumers.trainer.ending import End, Unfit
from consumers.trainer.work import work
from events.settings import Settings

_END_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Spawned:
    """The training for `request`, started; it ends when this process does, however that ends.

    Raises:
        OSError: the system starts no more processes.
    """

    def __init__(self, settings: Settings, request: Request) -> None:
        spawn = get_context("spawn")  # a fork would share the Kafka client's locks, held by threads it lacks
        self.said = "starting"
        self._name = request.decision.decision_id
        self._heard, told = spawn.Pipe(duplex=False)
        self._process = spawn.Process(target=work, args=(told, settings, request))
        self._process.start()
        told.close()

    def ended(self) -> End | None:
        """How it ended, None while it runs. Does not wait."""
        try:
            while self._heard.poll():
                news = self._heard.recv()
                if isinstance(news, Draft | Unfit):
                    return news
                self.said = news
                _log.info("training for %s: %s", self._name, news)
        except (EOFError, OSError):
            self._process.join(_END_SECONDS)
            return Unfit(
                f"the training process ended without a word (exit code {self._process.exitcode}); "
                "it may have been killed for its memory: see the trainer's log",
                rejected=False,
            )
        return None

    def cancel(self) -> None:
        """Kill it; nothing of it goes on when this returns."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._heard.close()
