"""The training under way, at most one: started, looked at in each turn, ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from consumers.trainer.draft import Draft
from consumers.trainer.ending import End, Unfit
from events.durations import written
from events.records import Decision, Manifest

KEEP_MS = 10_000
"""For so long a training outlives the loss of `control`: most rebalances give it back to who had it."""


@dataclass(frozen=True)
class Request:
    """What a training begins with; with another decision or other roles it is another training."""

    decision: Decision
    champion: Manifest
    epoch: int
    draft: Draft | None = None
    """A challenger that somebody has brought: it is judged, and nothing is learned."""


class Job(Protocol):
    """A training that runs elsewhere."""

    said: str
    """The last that it told of its progress."""

    def ended(self) -> End | None:
        """How it ended, None while it runs. Does not wait."""

    def cancel(self) -> None:
        """End it now, whatever it does; nothing of it goes on when this returns."""


Start = Callable[[Request], Job]


class Course:
    """Runs one request at a time by `start`, and gives up what takes longer than `limit` milliseconds."""

    def __init__(self, start: Start, limit: int) -> None:
        self._start = start
        self._limit = limit
        self._request: Request | None = None
        self._job: Job | None = None
        self._since = 0
        self._lost: int | None = None

    @property
    def said(self) -> str | None:
        """What is being done, None when nothing is."""
        if self._job is None or self._request is None:
            return None
        return f"training for {self._request.decision.decision_id}: {self._job.said}"

    def turn(self, request: Request | None, now: int) -> End | None:
        """How the training for `request` ended, None while it runs; a training for any other is ended."""
        self._lost = None
        if request != self._request:
            self.cancel()
        if request is None:
            return None
        if self._job is None:
            try:
                self._job, self._request, self._since = self._start(request), request, now
            except OSError as error:
                return Unfit(f"training could not be started: {error}", rejected=False)
        end = self._job.ended()
        if end is None and now - self._since > self._limit:
            end = Unfit(
                f"training took longer than [training] time_limit = {written(self._limit)} and was given up",
                rejected=False,
            )
        if end is not None:
            self.cancel()
        return end

    def idle(self, now: int) -> None:
        """A turn without `control`; after too many of them the training is another process's."""
        self._lost = now if self._lost is None else self._lost
        if now - self._lost > KEEP_MS:
            self.cancel()

    def cancel(self) -> None:
        """End what runs."""
        if self._job is not None:
            self._job.cancel()
        self._job = self._request = None
