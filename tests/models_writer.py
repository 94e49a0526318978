"""`models` written in one transaction as the trainer would have, at once: tests need many versions."""

import time
from typing import Any

from consumers.roles import ModelsView
from consumers.trainer.registration import registered
from consumers.trainer.signing import signing
from events import topics
from events.outputs import Outputs
from events.records import DecisionResult, Roles
from events.settings import Settings
from events.signatures import Trust
from models.training import Trained
from transport.reading import read_to_end
from transport.transaction import TransactionalProducer


def promote(settings: Settings, trained: Trained, trained_on: dict[str, Any], decision_id: str) -> Roles:
    """Make `trained` the champion. Not beside a trainer, which takes itself for the only writer."""
    topic, view, now = topics.MODELS.of(settings.name), ModelsView(Trust(settings)), int(time.time() * 1000)
    for message in read_to_end(settings.kafka, topic):
        view.take(message.key(), message.value())  # type: ignore[arg-type]
    before = view.standing()
    version, epoch = view.last_version() + 1, view.last_epoch() + 1
    parent = None if before is None else before.champion
    sign = signing(settings)
    manifest = sign(registered(settings, trained, trained_on).manifest(version, parent, decision_id, now))
    previous = () if before is None else (before.champion, *before.previous)
    roles = sign(Roles(epoch=epoch, ts=now, champion=version, previous=previous, decision_id=decision_id))
    result = DecisionResult(status="done", reason="a test", version=version, epoch=epoch, ts=now)
    records: Any = [
        {"key": topics.version_key(version), "value": manifest.encoded()},
        {"key": topics.decision_key(decision_id), "value": result.encoded()},
        {"key": topics.roles_key(epoch), "value": roles.encoded()},
        {"key": topics.ROLES_KEY, "value": roles.encoded()},
    ]
    producer = TransactionalProducer(settings.kafka, f"{settings.name}.test")
    producer.commit(Outputs(many={topic: records}))
    producer.close()
    return roles
