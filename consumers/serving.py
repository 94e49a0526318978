"""What serves: the versions that `roles` names, each loaded from the artefact whose hash `models` gives."""

import logging
from dataclasses import dataclass

from consumers.environment import moved, told
from consumers.roles import ModelsView, RolesError
from events.records import Manifest, Roles
from events.settings import Settings
from models import golden
from models.opening import opened
from models.registry import Registry
from models.scoring import Version

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """One epoch's roles with their versions loaded: replaced as a whole, never changed."""

    roles: Roles
    versions: dict[int, Version]
    artifacts: dict[int, str]
    """Version → SHA-256 of what was loaded."""


def load(
    roles: Roles, view: ModelsView, registry: Registry, settings: Settings, now: Serving | None
) -> Serving:
    """`roles` with each of their versions, taking over from `now` those that it has already.

    Each answers its manifest's golden rows first, as it did when it was registered.

    Raises:
        ScoreloopError: a version is unknown, was trained for another schema, its artefact is missing or does
            not match its hash, was made elsewhere where that is refused, cannot be loaded, or answers
            otherwise than it did.
    """
    versions: dict[int, Version] = {}
    artifacts: dict[int, str] = {}
    for number in roles.versions:
        manifest = view.manifest(number)
        same = now is not None and now.artifacts.get(number) == manifest.artifact_sha256
        versions[number] = now.versions[number] if now and same else _version(manifest, registry, settings)
        artifacts[number] = manifest.artifact_sha256
    return Serving(roles, versions, artifacts)


def _version(manifest: Manifest, registry: Registry, settings: Settings) -> Version:
    if manifest.schema_sha256 != settings.schema_sha256:
        raise RolesError(
            f"version {manifest.version} was trained for another schema than stream.toml's; train a new one"
        )
    if apart := moved(manifest.environment):
        sentence = f"version {manifest.version} was made elsewhere: {told(apart)}"
        if settings.registry.environment == "refuse":
            raise RolesError(f"{sentence}; [registry] environment refuses it")
        _log.warning("%s", sentence)
    pipeline = opened(manifest, registry, settings)
    version = Version(manifest.version, pipeline, settings.features, settings.task, settings.classes)
    golden.check(version, settings.features, manifest.golden)
    return version
