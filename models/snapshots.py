"""When an online champion is to learn on: after every so many of its labelled events, alarm or not.

It is asked for by a `retrain` that says which version goes on, so it meets the same gate and strategy as any.
Counted are labels in final buckets, in order of event time: a replay asks at the same places.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct, field

from events.monitor_state import SNAPSHOTS_KEY
from events.records import Decision, Manifest, Roles
from events.settings import ONLINE, Settings
from models.asking import Asked
from models.tallies import Cell, Tally

CONTINUES = "continues"
"""In a retrain's `evidence`, and in the `params` of what came of it: the version that learned on."""


class Lived(Struct):
    """How much of the champion's tenure has been seen. Plain numbers, kept as JSON in `internal.windows`."""

    epoch: int = 0
    champion: int = 0
    on_trial: bool = False
    """Whether a challenger is: one at a time, so nothing is asked meanwhile."""
    labels: int = 0
    asked: int = 0
    online: list[int] = field(default_factory=list)
    """The versions that can learn on."""


class Snapshots:
    """Follows who is champion, and asks every `[training] snapshot_every` labels that it learns on."""

    def __init__(self, settings: Settings) -> None:
        self._every = settings.training.snapshot_every
        self._lived = Lived()
        self._changed = False

    def version(self, manifest: Manifest) -> None:
        """A version was made known."""
        if manifest.params.get("family") in ONLINE and manifest.version not in self._lived.online:
            self._lived.online.append(manifest.version)
            self._changed = True

    def roles(self, roles: Roles) -> None:
        """It was said who serves."""
        before = self._lived
        if roles.epoch <= before.epoch:
            return
        if roles.champion != before.champion:
            self._lived = Lived(champion=roles.champion, online=before.online)
        self._lived.epoch, self._lived.on_trial = roles.epoch, roles.canary is not None
        self._changed = True

    def buckets(self, finals: Iterable[tuple[Cell, Tally]], now: int) -> Iterator[Asked]:
        """What final buckets, in order of time, give rise to at `now`."""
        lived = self._lived
        if not self._every or lived.champion not in lived.online:
            return
        for cell, tally in finals:
            if cell.role == "champion" and cell.model_version == lived.champion and tally.matched:
                lived.labels += tally.matched
                self._changed = True
                if (due := lived.labels // self._every) > lived.asked and not lived.on_trial:
                    lived.asked = due
                    yield Asked(_asked(lived, now))

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The state's record, if it has changed since the last call."""
        if self._changed:
            yield SNAPSHOTS_KEY, msgspec.json.encode(self._lived)
        self._changed = False

    def restore(self, value: bytes) -> None:
        """Take up what the state says."""
        self._lived = msgspec.json.decode(value, type=Lived)


def _asked(lived: Lived, now: int) -> Decision:
    return Decision(
        decision_id=f"snapshot.{lived.champion}.{lived.epoch}.{lived.asked}",
        ts=now,
        action="retrain",
        model_version=lived.champion,
        target_version=None,
        requested_by="monitor",
        reason=f"version {lived.champion} learns online and has served {lived.labels} labelled events: it is "
        "to learn on from what came since it was made",
        alarm_id=None,
        evidence={CONTINUES: lived.champion, "labels": lived.labels},
    )
