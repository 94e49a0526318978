"""The named points at which a fault test ends, stops or delays a service, from inside its process.

The services know nothing of it: the launcher wraps their functions before they run. A point does nothing
until its fuse is lit, and then acts once, at the next passage.
"""
# ruff: noqa: PLC0415, SLF001 (a process imports only its own service; what is hurt is inside)

import random
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from faults.fuse import Fuse, after, before

FLUSH_SECONDS = 5.0
_COMMIT_SECONDS = 0.006
"""About what a commit takes on one broker: the kill falls somewhere into it."""

Install = Callable[[Fuse], None]


def _polled(fuse: Fuse) -> None:
    from consumers.intake import Intake

    after(Intake, "gather", fuse, lambda _intake, batch: bool(batch.messages))


def _transaction() -> Any:
    from transport.transaction import TransactionalProducer

    return TransactionalProducer


def _writes(_producer: object, outputs: Any, *_: object) -> bool:
    return len(outputs) > 0


def _computed(fuse: Fuse) -> None:
    before(_transaction(), "commit", fuse, _writes)


def _begun(fuse: Fuse) -> None:
    before(_transaction(), "_produce", fuse, _writes)


def _mid_produce(fuse: Fuse) -> None:
    """Half of a turn's records are at the broker, in an open transaction."""
    producer = _transaction()
    real = producer._produce_many

    def produce(self: Any, topic: str, partition: int, messages: list[Any]) -> None:
        half = len(messages) // 2
        if fuse.lit and half:
            real(self, topic, partition, messages[:half])
            self._producer.flush(FLUSH_SECONDS)
            fuse()
            messages = messages[half:]
        real(self, topic, partition, messages)

    producer._produce_many = produce


def _before_offsets(fuse: Fuse) -> None:
    """All of a turn's records are at the broker, in an open transaction, and its offsets are not."""
    producer = _transaction()
    real = producer._produce

    def produce(self: Any, outputs: Any) -> None:
        real(self, outputs)
        if fuse.lit and len(outputs):
            self._producer.flush(FLUSH_SECONDS)
            fuse()

    producer._produce = produce


def _commits(_producer: object, call: Any, *_: object) -> bool:
    return getattr(call, "__name__", "") == "commit_transaction"


def _after_offsets(fuse: Fuse) -> None:
    before(_transaction(), "_named", fuse, _commits)


def _committing(fuse: Fuse) -> None:
    """The commit is on its way, and nobody here will hear how it ended."""

    def passing(*arguments: Any) -> bool:
        if fuse.lit and _commits(*arguments):
            threading.Timer(random.uniform(0, _COMMIT_SECONDS), fuse).start()
        return False

    before(_transaction(), "_named", fuse, passing)


def _after_commit(fuse: Fuse) -> None:
    after(_transaction(), "commit", fuse, lambda *of: _writes(*of))


def _restoring_joiner(fuse: Fuse) -> None:
    """What may wait has been read again, and not yet what has its outcome."""
    from consumers.join import restoring

    before(restoring, "_take_outcome", fuse)


def _restored_joiner(fuse: Fuse) -> None:
    from consumers.join.joiner import Joiner

    after(Joiner, "_restored", fuse)


def _restoring_monitor(fuse: Fuse) -> None:
    from consumers import monitor_service

    after(monitor_service, "_state", fuse)


def _claimed(fuse: Fuse) -> None:
    from consumers.trainer.process import Spawned

    after(Spawned, "__init__", fuse)


def _before_models(fuse: Fuse) -> None:
    before(_transaction(), "commit", fuse, _names_a_version)


def _after_models(fuse: Fuse) -> None:
    after(_transaction(), "commit", fuse, _names_a_version)


def _names_a_version(_producer: object, outputs: Any, *_: object) -> bool:
    keys = [message["key"] or b"" for messages in outputs.many.values() for message in messages]
    return any(key.startswith(b"version/") for key in keys)


def _mid_fit(fuse: Fuse) -> None:
    """The search has begun: some fits are done and others are not."""
    retraining: Any = import_module("models.retraining")
    real = retraining.searched

    def searched(problem: Any, families: Any, splits: Any, grids: Any, tell: Any, *more: Any) -> Any:
        def told(text: str) -> None:
            tell(text)
            fuse()

        return real(problem, families, splits, grids, told, *more)

    retraining.searched = searched


def _temporary_written(fuse: Fuse) -> None:
    before(Path, "replace", fuse, _of_an_artefact)


def _renamed(fuse: Fuse) -> None:
    after(Path, "replace", fuse, _of_an_artefact)


def _of_an_artefact(path: Path, *_: object) -> bool:
    return path.parent.name == "artifacts" and path.name.startswith(".temporary-")


TURN: dict[str, Install] = {
    "polled": _polled, "computed": _computed, "begun": _begun, "mid-produce": _mid_produce,
    "before offsets": _before_offsets, "after offsets": _after_offsets, "committing": _committing,
    "after commit": _after_commit,
}  # fmt: skip
"""Points of the transaction loop, which all services pass."""
RESTORING: dict[str, Install] = {
    "joiner restoring": _restoring_joiner, "joiner restored": _restored_joiner,
    "monitor restoring": _restoring_monitor,
}  # fmt: skip
"""Points that a process passes only while it starts."""
TRAINER: dict[str, Install] = {
    "claimed": _claimed, "before models": _before_models, "after models": _after_models,
}  # fmt: skip
TRAINING: dict[str, Install] = {
    "mid-fit": _mid_fit, "temporary written": _temporary_written, "renamed": _renamed,
}  # fmt: skip
"""Points of the process in which a version is trained, a child of the trainer's."""
POINTS = {**TURN, **RESTORING, **TRAINER, **TRAINING}
