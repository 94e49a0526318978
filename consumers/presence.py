"""A slot of joiner, monitor or trainer, as `status` sees it: a thread that reports beside the loop.

with Presence(settings, topics.MONITOR, slot, stop) as presence:
    TransactionLoop(…, presence.successor, progress).run(stop)
    presence.check()
"""

import logging
import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

from consumers.slot_report import BEAT_SECONDS, SlotReport
from events import topics
from events.internal import Process
from events.settings import Settings

_log = logging.getLogger(__name__)


class Presence(Thread):
    """Reports a slot to `internal.services`: at the start, every five seconds, on an error, and at the end.

    Once this is built the first report is acknowledged, so build it before anything fences a predecessor.
    `detail`, what the slot is doing, for a person, may be set at any time and is reported soon. What goes
    wrong beside the loop sets `stop`, and `check` raises it.

    Raises:
        ScoreloopError: the topic does not take records.
    """

    def __init__(self, settings: Settings, service: str, slot: topics.Slot, stop: Event) -> None:
        self.worker = topics.worker(service, slot)
        super().__init__(name=f"presence of {self.worker}", daemon=True)
        self.failure: BaseException | None = None
        self._detail: str | None = None
        self._end = stop
        self._closing = False
        self._news = Event()
        self._report = SlotReport(settings.kafka, topics.SERVICES.of(settings.name), self.worker)
        self._report.begin(self._record())

    @property
    def process(self) -> str:
        """This process, among those that have run the slot."""
        return self._report.process

    @property
    def detail(self) -> str | None:
        """What the slot is doing."""
        return self._detail

    @detail.setter
    def detail(self, detail: str | None) -> None:
        if detail != self._detail:
            self._detail = detail
            self._news.set()

    def successor(self) -> str | None:
        """A process that began in this slot after this one did, None without."""
        return self._report.successor()

    def run(self) -> None:
        """Report until `close`."""
        try:
            while self._goes_on():
                self._report.write(self._record())
        except Exception as error:  # noqa: BLE001 (a thread's end must reach the loop, whatever it was)
            _log.error("%s: %s", self.name, error)  # said now: the loop may not get to it while it hangs
            self.failure = error
            self._end.set()

    def check(self) -> None:
        """Raise what ended the reporting, if anything did."""
        if self.failure is not None:
            raise self.failure

    def close(self, error: BaseException | None = None) -> None:
        """Stop reporting; the last word is a tombstone, or `error`."""
        self._closing = True
        self._news.set()
        if self.ident is not None:
            self.join()
        self._report.end(error, self._record(None if error is None else str(error)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close(error)

    def _goes_on(self) -> bool:
        """Waits until there is something to report; whether to go on."""
        self._news.wait(BEAT_SECONDS)
        self._news.clear()
        return not self._closing

    def _record(self, error: str | None = None) -> Process:
        return Process(
            worker=self.worker,
            process=self.process,
            ts=time.time_ns() // 1_000_000,
            error=error,
            detail=self.detail,
        )
