"""A stream's versions as `models` and the registry have them."""

from typing import Any

from consumers.roles import ModelsView, RolesError
from events import topics
from events.errors import ScoreloopError
from events.records import Manifest
from events.settings import Settings
from events.signatures import Trust
from models.registry import ARTIFACTS, ROWS, Registry
from transport.standing import newest
from transport.topics import require

KEPT, GONE = "kept", "gone"


class Stock:
    """What there is at this moment; a version whose manifest is not to be believed is in `refused`.

    Raises:
        ScoreloopError: `models` cannot be read, or the registry not be listed.
    """

    def __init__(self, settings: Settings) -> None:
        require(settings, topics.MODELS)
        self.registry = Registry(settings.registry.url)
        self.records = newest(settings.kafka, topics.MODELS.of(settings.name))
        self.view = ModelsView(Trust(settings))
        self.refused: list[str] = []
        for key, value in self.records.items():
            try:
                self.view.take(key, value)
            except RolesError as error:
                self.refused.append(str(error))
        self.roles = self.view.standing()
        self.files = {(one.kind, one.name): one for one in self.registry.kept()}

    def manifest(self, version: int) -> Manifest:
        """A version's manifest.

        Raises:
            ScoreloopError: there is none that is to be believed.
        """
        if version not in self.view.manifests:
            why = next((f": {one}" for one in self.refused if f"version {version}:" in one), "")
            raise ScoreloopError(f"there is no version {version}; see `scoreloop models list`{why}")
        return self.view.manifests[version]

    def role(self, version: int) -> str | None:
        """What a version does, or did last, None where it never was champion."""
        if (roles := self.roles) is None:
            return None
        if version == roles.champion:
            return "champion"
        if roles.canary is not None and version == roles.canary.version:
            return f"canary {roles.canary.share:.0%}"
        if version in roles.shadows:
            return "shadow"
        return "previous" if version in roles.previous else None

    def facts(self, version: int) -> dict[str, Any]:
        """A version's manifest, its role, and whether its artefact and rows are in the registry."""
        manifest = self.manifest(version)
        there = {kind: self._state(kind, sha256) for kind, sha256 in files(manifest).items()}
        return {**manifest.model_dump(), "role": self.role(version), "registry": there}

    def named(self) -> set[tuple[str, str]]:
        """Every file that some manifest names, also one that is not to be believed."""
        found = (Manifest.found(value) for key, value in self.records.items() if key.startswith(b"version/"))
        return {pair for manifest in found if manifest is not None for pair in files(manifest).items()}

    def _state(self, kind: str, sha256: str) -> str:
        return KEPT if (kind, sha256) in self.files else GONE


def files(manifest: Manifest) -> dict[str, str]:
    """Kind → hash of what the registry has for a version: its artefact, and the rows where it keeps them."""
    rows = manifest.trained_on.get("rows_sha256")
    return {ARTIFACTS: manifest.artifact_sha256, **({ROWS: rows} if isinstance(rows, str) else {})}
