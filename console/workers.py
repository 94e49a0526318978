"""What a slot's newest record says of it: a scorer's in `workers`, the others' in `internal.services`."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel

from events.internal import STANDING_BY, Process
from events.records import Worker

GONE_AFTER_MS = 30_000
"""A slot whose last record is older counts as gone."""

WorkerState = Literal["serving", "waiting", "refusing", "running", "standing by", "failed", "gone"]
ServiceState = Literal["running", "refusing", "waiting", "standing by", "failed", "gone", "none"]


class WorkerFacts(BaseModel):
    """One slot of a service.

    A scorer is `serving`, `refusing` (it serves, but not what `roles` says now, or nothing; `error` says why)
    or `waiting` for a version. Another is `running`, `standing by` for the one that runs, or `failed`: it
    ended with `error`. Either is `gone` when it has said nothing for half a minute: killed, or cut off.
    """

    worker: str
    state: WorkerState
    seconds_ago: float
    """Since its newest record."""
    epoch: int | None = None
    champion: int | None = None
    error: str | None
    detail: str | None = None
    """What it is doing."""
    process: str | None


def scorers(records: Mapping[bytes, bytes], now: int) -> list[WorkerFacts]:
    """The slots of the scorer, from the newest records of `workers`."""
    return _sorted(_scorer(record, now) for value in records.values() if (record := Worker.found(value)))


def processes(records: Mapping[bytes, bytes], service: str, now: int) -> list[WorkerFacts]:
    """The slots of another service, from the newest records of `internal.services`."""
    found = (Process.found(value) for value in records.values())
    return _sorted(
        _process(record, now) for record in found if record and record.worker.startswith(f"{service}-")
    )


def service_state(workers: Iterable[WorkerFacts]) -> ServiceState:
    """A service's state, of what its slots are: `none` where no process was started, or all ended well."""
    states = {"running" if worker.state == "serving" else worker.state for worker in workers}
    decisive: tuple[ServiceState, ...] = ("refusing", "running", "waiting", "standing by", "failed", "gone")
    return next((state for state in decisive if state in states), "none")


def scorer_state(record: Worker) -> WorkerState:
    """What a scorer says that it is."""
    if record.epoch is None:
        return "waiting"
    return "refusing" if record.error else "serving"


def process_state(record: Process) -> WorkerState:
    """What another process says that it is; only its last word has an error."""
    if record.error is not None:
        return "failed"
    return "standing by" if record.detail == STANDING_BY else "running"


def _scorer(record: Worker, now: int) -> WorkerFacts:
    return WorkerFacts(
        worker=record.worker,
        state="gone" if now - record.ts > GONE_AFTER_MS else scorer_state(record),
        seconds_ago=max(0, now - record.ts) / 1000,
        epoch=record.epoch,
        champion=record.champion,
        error=record.error,
        process=record.process,
    )


def _process(record: Process, now: int) -> WorkerFacts:
    state = process_state(record)
    return WorkerFacts(
        worker=record.worker,
        state="gone" if state != "failed" and now - record.ts > GONE_AFTER_MS else state,
        seconds_ago=max(0, now - record.ts) / 1000,
        error=record.error,
        detail=record.detail,
        process=record.process,
    )


def _sorted(workers: Iterable[WorkerFacts]) -> list[WorkerFacts]:
    def order(worker: WorkerFacts) -> tuple[str, int]:
        name, _, slot = worker.worker.rpartition("-")
        return (name, int(slot)) if slot.isdigit() else (worker.worker, 0)

    return sorted(workers, key=order)
