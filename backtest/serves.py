"""Who serves in a backtest, as the records of `models` say it, each version answering ahead."""

from collections.abc import Iterable

from backtest.ahead import Ahead, Coming
from backtest.history import Record
from consumers.roles import ModelsView
from consumers.serving import Serving, load
from events.records import Roles
from events.settings import Settings
from events.signatures import Trust
from models.registry import Registry


class Serves:
    """Takes new roles at once, as a follower does between two batches."""

    def __init__(self, settings: Settings, registry: Registry, coming: Coming) -> None:
        self._settings, self._registry, self._coming = settings, registry, coming
        self._view = ModelsView(Trust(settings))
        self._serving: Serving | None = None

    @property
    def now(self) -> Serving:
        """What the next event is answered by.

        Raises:
            ValueError: no version was ever made champion.
        """
        if self._serving is None:
            raise ValueError("no version was made champion before the first event")
        return self._serving

    def follow(self, models: Iterable[Record]) -> list[tuple[Roles | None, Roles]]:
        """Load what `models` names; each change of roles, before and after.

        Raises:
            ScoreloopError: a version cannot be loaded.
        """
        changes = []
        for record in models:
            if self._view.take(record.key(), record.value()) and (roles := self._view.newest()) is not None:
                changes.append((None if self._serving is None else self._serving.roles, roles))
                self._load(roles)
        return changes

    def _load(self, roles: Roles) -> None:
        found = load(roles, self._view, self._registry, self._settings, self._serving)
        versions = {
            number: version if isinstance(version, Ahead) else Ahead(version, self._coming)
            for number, version in found.versions.items()
        }
        self._serving = Serving(roles, dict(versions), found.artifacts)
