"""The scorer's control plane, a thread: follows `models`, loads versions, and reports to `workers`.

Loading takes longer than scoring a batch, so it happens here, beside the loop; the loop takes `serving` as it
is at the start of each batch. That one reference is all that the two threads share, and it is replaced whole.
"""

import logging
import time
from threading import Event, Thread

from confluent_kafka import Message

from consumers.loop import Progress
from consumers.roles import ModelsView, RolesError, check_epoch
from consumers.serving import Serving, load
from consumers.slot_report import BEAT_SECONDS, SlotReport
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.records import Roles, Worker
from events.settings import Settings
from events.signatures import Trust
from models.registry import Registry
from transport.reading import is_end, is_record, reader

_POLL_SECONDS = 0.1
_log = logging.getLogger(__name__)


class Follower(Thread):
    """Keeps `serving` at the newest roles that are valid, and says in `workers` what it has and why not.

    A refusal leaves `serving` as it was. Roles that could not be loaded are tried again at each beat: a
    store may show an artefact later than Kafka shows its manifest. What goes wrong beyond a refusal ends up
    in `failure`, and sets `stop`.
    """

    def __init__(self, settings: Settings, worker: str, progress: Progress, stop: Event) -> None:
        super().__init__(name="follower", daemon=True)
        self.serving: Serving | None = None
        self.failure: BaseException | None = None
        self.ready = Event()
        self._settings = settings
        self._worker = worker
        self._progress = progress
        self._registry = Registry(settings.registry.url)
        self._view = ModelsView(Trust(settings))
        self._error: str | None = None
        self._end = stop
        self._closing = Event()
        self._report = SlotReport(settings.kafka, topics.WORKERS.of(settings.name), worker)
        self._report.begin(self._record())  # before the loop fences a predecessor, which thus learns by whom

    def run(self) -> None:
        """Follow until `close`."""
        try:
            self._follow()
        except Exception as error:  # noqa: BLE001 (a thread's end must reach the loop, whatever it was)
            _log.error("%s: %s", self.name, error)  # said now: the loop may not get to it while it hangs
            self.failure = error
            self._end.set()

    def check(self) -> None:
        """Raise what ended the following, if anything did."""
        if self.failure is not None:
            raise self.failure

    def successor(self) -> str | None:
        """A process that began in this slot after this one did, None without."""
        return self._report.successor()

    def close(self, error: BaseException | None = None) -> None:
        """Stop following. The last word in `workers` is a tombstone, or `error`.

        Of a slot that another process has taken over nothing more is said: it is no longer this one's.
        """
        self._closing.set()
        if self.ident is not None:
            self.join()
        if error is not None:
            self._error = str(error)
        self._report.end(error, self._record())

    def _follow(self) -> None:
        consumer = reader(self._settings.kafka, topics.MODELS.of(self._settings.name))
        beat = time.monotonic() + BEAT_SECONDS
        caught_up = False
        try:
            while not self._closing.is_set():
                message = consumer.poll(_POLL_SECONDS)
                if message is not None and is_end(message):
                    if not caught_up:
                        self._start()
                    caught_up = True
                elif message is not None and self._says_who_serves(message) and caught_up:
                    self._swap()
                if time.monotonic() >= beat:
                    self._retry()
                    self._tell()
                    beat = time.monotonic() + BEAT_SECONDS
        finally:
            consumer.close()

    def _says_who_serves(self, message: Message) -> bool:
        """Note a record of `models`; whether it is one of the key `roles`."""
        try:
            return is_record(message) and self._view.take(octets(message.key()), octets(message.value()))
        except RolesError as error:
            self._refuse(error)
            return False

    def _start(self) -> None:
        """Serve the newest roles that are valid; why not the newest of all stays in the report."""
        self._swap()
        if self.serving is None:
            refused = self._error
            if any(self._loaded(roles) for roles in self._view.past()) or refused is not None:
                self._error = refused
            else:
                self._error = "no version yet; run `scoreloop train STREAM.toml --csv FILE`"
        self._tell()

    def _swap(self) -> None:
        """Go over to what `roles` says, or refuse it and stay."""
        try:
            roles = self._view.newest()
            if roles is not None:
                check_epoch(roles, self._epoch)
                self._serve(roles)
        except ScoreloopError as error:
            self._refuse(error)
        self._tell()

    def _retry(self) -> None:
        """Try roles again that were refused for what may have mended since."""
        try:
            roles = self._view.newest()
        except RolesError:
            return  # told when it came, and only another record mends it
        if roles is not None and roles.epoch > (self._epoch or 0):
            self._loaded(roles)

    def _loaded(self, roles: Roles) -> bool:
        try:
            self._serve(roles)
        except ScoreloopError as error:
            self._refuse(error)
            return False
        return True

    def _serve(self, roles: Roles) -> None:
        self.serving = load(roles, self._view, self._registry, self._settings, self.serving)
        self._error = None
        self.ready.set()
        _log.info("serving epoch %d: champion %d", roles.epoch, roles.champion)

    def _refuse(self, error: ScoreloopError) -> None:
        if str(error) != self._error:
            _log.warning("%s", error)
        self._error = str(error)

    @property
    def _epoch(self) -> int | None:
        return None if self.serving is None else self.serving.roles.epoch

    def _tell(self) -> None:
        self._report.write(self._record())

    def _record(self) -> Worker:
        roles = None if self.serving is None else self.serving.roles
        return Worker(
            worker=self._worker,
            ts=time.time_ns() // 1_000_000,
            epoch=None if roles is None else roles.epoch,
            champion=None if roles is None else roles.champion,
            canary=None if roles is None or roles.canary is None else roles.canary.version,
            shadows=() if roles is None else roles.shadows,
            error=self._error,
            offsets=dict(self._progress.offsets),
            process=self._report.process,
        )
