"""A stream's versions into MLflow: a process that reads what anyone may read, beside the loop.

It writes no topic and holds nothing up: MLflow may be away or slow for as long as it likes. What it was sent
is noted there and nowhere else, so that what is missing is what is not there.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from threading import Event

from confluent_kafka import Consumer, Message, TopicPartition

from consumers.mlflow.catalogue import Catalogue
from consumers.roles import ModelsView, RolesError
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.records import Metric
from events.settings import Settings
from events.signatures import Trust
from transport import clients
from transport.reading import READER_GROUP, arrived, is_end, is_record, reader
from transport.topics import require

_AT_ONCE = 1_000
_WAIT_SECONDS = 0.5
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0

_log = logging.getLogger(__name__)


def run_mlflow(settings: Settings, stop: Event) -> None:
    """Keep MLflow up to date until `stop` is set; one process a stream.

    Raises:
        ScoreloopError: no MLflow is named, its client is not installed, or the topics cannot be read.
    """
    if settings.mlflow.tracking_uri is None:
        raise ScoreloopError("no MLflow is named: set MLFLOW_TRACKING_URI, or [mlflow] tracking_uri")
    require(settings, topics.MODELS, topics.METRICS)
    pause = _FIRST_PAUSE_SECONDS
    with closing(_Stream(settings)) as stream:
        while not stop.is_set():
            stream.read()
            try:
                stream.send()
                pause = _FIRST_PAUSE_SECONDS
            except ScoreloopError:
                raise
            except Exception as error:  # noqa: BLE001 (its client's errors, and those of what it is made of)
                _log.warning("MLflow is not up to date, again in %.0f s: %.500s", pause, error)
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


class _Stream:
    """What the topics say, and as much of it in MLflow as it took."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = topics.METRICS.of(settings.name)
        self._view = ModelsView(Trust(settings))
        self._models = reader(settings.kafka, topics.MODELS.of(settings.name))
        self._catalogue: Catalogue | None = None
        self._windows: Consumer | None = None
        self._pending: list[Message] = []
        self._news = self._whole = False

    def close(self) -> None:
        """Read no more."""
        for consumer in (self._models, self._windows):
            if consumer is not None:
                consumer.close()

    def read(self) -> None:
        """Take what has come, waiting a moment for more."""
        for message in arrived(self._models, _AT_ONCE, 0 if self._pending else _WAIT_SECONDS):
            if is_end(message):
                self._whole = self._news = True
            elif is_record(message):
                self._take(message)
        if self._windows is not None and not self._pending:
            self._pending = [one for one in arrived(self._windows, _AT_ONCE, 0) if is_record(one)]

    def send(self) -> None:
        """Have MLflow say the same; what is begun and fails is begun anew, from what MLflow has."""
        if not self._whole:
            return
        catalogue, self._catalogue = self._catalogue or Catalogue(self._settings), None
        if self._news:
            self._send_versions(catalogue)
        if self._windows is None:
            self._windows = self._from(catalogue.place(self._metrics))
        elif self._pending:
            self._send_windows(catalogue)
        self._catalogue, self._news = catalogue, False

    def _take(self, message: Message) -> None:
        self._news = True
        try:
            self._view.take(octets(message.key()), octets(message.value()))
        except RolesError as error:
            _log.warning("%s", error)

    def _send_versions(self, catalogue: Catalogue) -> None:
        for version, manifest in sorted(self._view.manifests.items()):
            if catalogue.add(manifest):
                _log.info("version %d is in MLflow", version)
        roles = self._view.standing()
        champion = None if roles is None else self._view.manifests.get(roles.champion)
        if champion is not None and catalogue.crown(champion):
            _log.info("version %d is MLflow's champion", champion.version)

    def _send_windows(self, catalogue: Catalogue) -> None:
        for version, windows in groupby(sorted(self._final(), key=_version), _version):
            if (manifest := self._view.manifests.get(version)) is not None:
                catalogue.measured(manifest, windows)
        catalogue.keep_place(self._metrics, (self._pending[-1].offset() or 0) + 1)
        self._pending = []

    def _final(self) -> Iterator[Metric]:
        found = (Metric.found(octets(message.value()) or b"") for message in self._pending)
        return (metric for metric in found if metric is not None and metric.final and metric.segment is None)

    def _from(self, offset: int) -> Consumer:
        consumer = clients.consumer(self._settings.kafka, READER_GROUP, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(self._metrics, 0, offset)])
        return consumer


def _version(metric: Metric) -> int:
    return metric.model_version
