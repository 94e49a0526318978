"""Who serves, as the topic `models` says it: its records gathered, and the rule of which roles to take.

Pure: the follower feeds it records and asks; loading what it names is `consumers.serving`.
"""

import re
from collections.abc import Iterator

from pydantic import ValidationError

from events.errors import ScoreloopError
from events.records import Manifest, Roles
from events.signatures import SignatureError, Trust
from events.topics import ROLES_KEY

_VERSION_KEY = re.compile(rb"version/(\d+)")
_EPOCH_KEY = re.compile(rb"roles/(\d+)")


class RolesError(ScoreloopError):
    """Roles that a scorer does not take; it goes on with what it has and says so in `workers`."""


class ModelsView:
    """The newest record of each key of `models` that has to do with serving, if `trust` lets it through."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self.manifests: dict[int, Manifest] = {}
        self._newest: bytes | None = None
        self._past: dict[int, bytes] = {}

    def take(self, key: bytes | None, value: bytes | None) -> bool:
        """Note a record; whether it says anew who serves.

        Raises:
            RolesError: a manifest is not signed as it must be, or cannot be read.
        """
        if key is None or value is None:
            return False
        if key == ROLES_KEY:
            self._newest = value
            return True
        if match := _EPOCH_KEY.fullmatch(key):
            self._past[int(match[1])] = value
        elif match := _VERSION_KEY.fullmatch(key):
            self.manifests[int(match[1])] = self._manifest(int(match[1]), value)
        return False

    def newest(self) -> Roles | None:
        """What the key `roles` says, None when nothing was ever promoted.

        Raises:
            RolesError: it is not signed as it must be, cannot be read, or is an older epoch's, written again.
        """
        if self._newest is None:
            return None
        newest, last = self._roles(self._newest), next(self.past(), None)
        if last is not None and newest.epoch < last.epoch:
            raise RolesError(_late(newest, last.epoch))
        return newest

    def past(self) -> Iterator[Roles]:
        """The roles kept under their epochs, the newest first, those that are valid."""
        for epoch in sorted(self._past, reverse=True):
            try:
                roles = self._roles(self._past[epoch])
            except RolesError:
                continue  # the next older one may do; the newest's error has been told
            if roles.epoch == epoch:
                yield roles

    def last_version(self) -> int:
        """The highest version that has a manifest, 0 without."""
        return max(self.manifests, default=0)

    def standing(self) -> Roles | None:
        """The newest roles that can be read, None when there are none: what the next ones come after."""
        try:
            return self.newest() or next(self.past(), None)
        except RolesError:
            return next(self.past(), None)

    def last_epoch(self) -> int:
        """The highest epoch that roles were ever kept for, 0 without: an epoch is never used twice."""
        standing = self.standing()
        return max([*self._past, 0 if standing is None else standing.epoch])

    def manifest(self, version: int) -> Manifest:
        """A version's manifest.

        Raises:
            RolesError: `models` has none.
        """
        if version not in self.manifests:
            raise RolesError(f"roles name version {version}, of which models has no manifest")
        return self.manifests[version]

    def _roles(self, value: bytes) -> Roles:
        self._check("roles", value)
        try:
            return Roles.model_validate_json(value)
        except ValidationError as error:
            raise RolesError(f"roles cannot be read: {_first(error)}") from None

    def _manifest(self, version: int, value: bytes) -> Manifest:
        self._check(f"the manifest of version {version}", value)
        try:
            manifest = Manifest.model_validate_json(value)
        except ValidationError as error:
            raise RolesError(f"the manifest of version {version} cannot be read: {_first(error)}") from None
        if manifest.version != version:
            raise RolesError(f"the manifest of version {version} says that it is version {manifest.version}")
        return manifest

    def _check(self, what: str, value: bytes) -> None:
        try:
            self._trust.check(value)
        except SignatureError as error:
            raise RolesError(f"{what}: the record {error}; it is not used") from None


def check_epoch(roles: Roles, serving: int | None) -> None:
    """Refuse roles that do not come after the epoch that is served.

    Raises:
        RolesError: the epoch is lower, or the same again.
    """
    if serving is not None and roles.epoch <= serving:
        raise RolesError(_late(roles, serving))


def _late(roles: Roles, epoch: int) -> str:
    return f"roles of epoch {roles.epoch} came after epoch {epoch} and were ignored"


def _first(error: ValidationError) -> str:
    finding = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, finding['loc']))}: {finding['msg']}"
