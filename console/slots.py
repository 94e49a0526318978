"""What is new in the reports of slots: they come every five seconds, and mostly say what they said before."""

from typing import NamedTuple

from console.lines import Line
from console.workers import GONE_AFTER_MS, process_state, scorer_state
from events.internal import Process
from events.records import Worker

_GONE_AFTER_SECONDS = GONE_AFTER_MS / 1000


class _Said(NamedTuple):
    text: str
    process: str | None = None
    goes_on: bool = False
    """Whether another report has to follow."""
    bad: bool = False


class Slots:
    """Remembers what each slot said last, and when, in seconds of any one clock."""

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}
        self._heard: dict[str, float] = {}

    def news(self, slot: str, value: bytes | None, at: float) -> Line | None:
        """What the report `value` of `slot`, or its tombstone, says anew; None where nothing."""
        self._heard.pop(slot, None)
        before = self._said.pop(slot, None)
        if value is None:
            return _line(f"{slot} ended")
        said = self._said[slot] = _read(value)
        if said.goes_on:
            self._heard[slot] = at
        if said == before:
            return None
        other = ", another process" if before is not None and before.process != said.process else ""
        return _line(f"{slot} {said.text}{other}", bad=said.bad)

    def gone(self, at: float) -> list[Line]:
        """The slots that should have reported since and have not; each is told of once."""
        silent = [slot for slot, heard in self._heard.items() if at - heard > _GONE_AFTER_SECONDS]
        for slot in silent:
            del self._heard[slot], self._said[slot]
        return [
            _line(f"{slot} gone: not heard of for {_GONE_AFTER_SECONDS:.0f} s", bad=True) for slot in silent
        ]


def _line(text: str, *, bad: bool = False) -> Line:
    return Line("worker", text, "red" if bad else None)


def _read(value: bytes) -> _Said:
    if (worker := Worker.found(value)) is not None:
        return _Said(_scorer(worker), worker.process, goes_on=True, bad=worker.error is not None)
    if (process := Process.found(value)) is not None:
        state, failed = process_state(process), process.error is not None
        says = process.error or process.detail
        more = f": {says}" if says and says != state else ""
        return _Said(state + more, process.process, goes_on=not failed, bad=failed)
    return _Said("says what cannot be read")


def _scorer(worker: Worker) -> str:
    serves = "" if worker.champion is None else f" v{worker.champion} of epoch {worker.epoch}"
    canary = "" if worker.canary is None else f", canary v{worker.canary}"
    shadows = "".join(f", shadow v{version}" for version in worker.shadows)
    error = f": {worker.error}" if worker.error else ""
    return f"{scorer_state(worker)}{serves}{canary}{shadows}{error}"
