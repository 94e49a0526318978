"""A training in a backtest: done at once, of what was known as it began; over when its time has passed."""

from collections.abc import Callable

from consumers.trainer.course import Request
from consumers.trainer.ending import End, Unfit
from consumers.trainer.examples import Examples
from consumers.trainer.retrain import learned
from events.errors import ScoreloopError
from events.settings import Settings


class Work:
    """The training for `request` on `found`; `over` says whether its time has passed."""

    def __init__(
        self, settings: Settings, request: Request, found: Examples, over: Callable[[], bool]
    ) -> None:
        self.said = ""
        """The last that it told of its progress; nothing where there was nothing to learn from."""
        self._over = over
        try:
            self._end: End = learned(settings, request, found, self._tell)
        except ScoreloopError as error:
            self._end = Unfit(str(error), rejected=False)

    def ended(self) -> End | None:
        """How it ended, None while it would run."""
        return self._end if self._over() else None

    def cancel(self) -> None:
        """It is not wanted any more."""

    def _tell(self, line: str) -> None:
        self.said = line
