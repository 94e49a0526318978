"""Making a trained version the champion: artefact, manifest, decision and roles. The one writer of `models`.

The artefact is in the registry before the transaction that names it: that transaction is the commit point,
and an artefact that no manifest names is garbage.
"""

import platform
from importlib.metadata import version as installed
from typing import Any

from consumers.roles import ModelsView
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.outputs import Message, Outputs
from events.records import DecisionResult, Manifest, Roles
from events.settings import Settings
from models import artifact
from models.registry import Registry
from models.training import Trained
from transport.reading import read_to_end
from transport.topics import require
from transport.transaction import ProducerLostError, TransactionalProducer

_PACKAGES = ("scoreloop", "scikit-learn", "numpy", "scipy", "pandas", "skops")
_OPEN_SECONDS = 30.0
_MOST_PREVIOUS = 20
"""How many champions back `roles` names: each record repeats them."""


class ModelsWriter:
    """Holds the right to write `models` of one stream; opening another takes it away.

    What it decides rests on what it read after it got that right, so no two writers make the same version
    or the same epoch: the older one's commit fails.

    Raises:
        ScoreloopError: the cluster cannot be reached or the topic is missing.
    """

    def __init__(self, settings: Settings) -> None:
        require(settings, topics.MODELS)
        self._settings = settings
        self._topic = topics.MODELS.of(settings.name)
        self._producer = TransactionalProducer(
            settings.kafka,
            topics.transactional_id(settings.name, topics.TRAINER, 0),
            open_seconds=_OPEN_SECONDS,
        )
        self._registry = Registry(settings.registry.url)
        self._view = ModelsView()
        for message in read_to_end(settings.kafka, self._topic):
            self._view.take(octets(message.key()), octets(message.value()))

    def promote(
        self, trained: Trained, trained_on: dict[str, Any], decision_id: str, reason: str, now: int
    ) -> Roles:
        """Register `trained` as a new version and make it the champion; the roles that say so.

        Raises:
            ScoreloopError: the registry refused the artefact, or another writer has taken over.
        """
        before = self._view.standing()
        parent = None if before is None else before.champion
        manifest = self._manifest(trained, trained_on, decision_id, parent, now)
        epoch = self._view.last_epoch() + 1
        roles = Roles(
            epoch=epoch,
            ts=now,
            champion=manifest.version,
            previous=() if before is None else (before.champion, *before.previous)[:_MOST_PREVIOUS],
            decision_id=decision_id,
        )
        result = DecisionResult(status="done", reason=reason, version=manifest.version, epoch=epoch, ts=now)
        self._commit(
            {
                topics.version_key(manifest.version): manifest.encoded(),
                topics.decision_key(decision_id): result.encoded(),
                topics.roles_key(epoch): roles.encoded(),
                topics.ROLES_KEY: roles.encoded(),
            }
        )
        return roles

    def close(self) -> None:
        """Give the right back."""
        self._producer.close()

    def _manifest(
        self, trained: Trained, trained_on: dict[str, Any], decision_id: str, parent: int | None, now: int
    ) -> Manifest:
        return Manifest(
            version=self._view.last_version() + 1,
            created_ts=now,
            artifact_sha256=self._registry.put(artifact.dumps(trained.pipeline)),
            format=artifact.FORMAT,
            estimator=trained.estimator,
            schema_sha256=self._settings.schema_sha256,
            trained_on=trained_on,
            params=trained.params,
            metrics=trained.metrics,
            parent_version=parent,
            decision_id=decision_id,
            environment=environment(),
        )

    def _commit(self, records: dict[bytes, bytes]) -> None:
        messages: list[Message] = [{"key": key, "value": value} for key, value in records.items()]
        try:
            self._producer.commit(Outputs(many={self._topic: messages}))
        except ProducerLostError as error:
            raise ScoreloopError(
                f"{self._topic}: the version was not made known ({error}); another `train` or a trainer "
                "may have taken over: look with `scoreloop status`, then try again"
            ) from error


def environment() -> dict[str, str]:
    """Package → version of what a version's answers depend on, the interpreter's and the machine's too."""
    packages = {package: installed(package) for package in _PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}
