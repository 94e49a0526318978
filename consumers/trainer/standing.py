"""Where a stream stands by what `models` says: its versions, who serves, and which decisions are settled."""

import re
from collections.abc import Iterable, Mapping

from consumers.roles import ModelsView, RolesError
from events.records import Manifest, Roles
from events.signatures import Trust

_VERSION_KEY = re.compile(rb"version/(\d+)")
_DECISION = b"decision/"


class Standing:
    """What the one writer of `models` knows of it; it notes what it writes as it does what it reads.

    Held for each decision ever settled is its id, and for each version its manifest: some kilobytes each.
    """

    def __init__(self, trust: Trust, records: Iterable[tuple[bytes | None, bytes | None]] = ()) -> None:
        self._view = ModelsView(trust)
        self._settled: set[bytes] = set()
        self._newest_version = 0
        for key, value in records:
            self.take(key, value)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Note a record of `models`. A manifest that cannot be used keeps its number all the same."""
        if key is None or value is None:
            return
        if key.startswith(_DECISION):
            self._settled.add(key.removeprefix(_DECISION))
        if match := _VERSION_KEY.fullmatch(key):
            self._newest_version = max(self._newest_version, int(match[1]))
        try:
            self._view.take(key, value)
        except RolesError:
            self._view.manifests.pop(int(match[1]) if match else 0, None)

    @property
    def roles(self) -> Roles | None:
        """Who serves, None before the first promotion."""
        return self._view.standing()

    @property
    def next_epoch(self) -> int:
        """An epoch that was never used."""
        return self._view.last_epoch() + 1

    @property
    def next_version(self) -> int:
        """A number that no version ever had."""
        return self._newest_version + 1

    @property
    def manifests(self) -> Mapping[int, Manifest]:
        """Every version's manifest that can be read."""
        return self._view.manifests

    def manifest(self, version: int) -> Manifest | None:
        """A version's manifest, None where there is none that can be read."""
        return self._view.manifests.get(version)

    def settled(self, decision_id: str) -> bool:
        """Whether it is known what became of a decision."""
        return decision_id.encode() in self._settled
