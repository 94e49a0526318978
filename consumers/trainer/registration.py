"""A trained version's artefact into the registry, where nobody knows of it until a manifest names it."""

import platform
from importlib.metadata import version as installed
from typing import Any

from consumers.trainer.draft import Draft
from events.settings import Settings
from models import artifact
from models.golden import golden
from models.registry import Registry
from models.scoring import Version
from models.training import Trained

_PACKAGES = ("scoreloop", "scikit-learn", "numpy", "scipy", "pandas", "skops")
_UNNUMBERED = 0


def registered(settings: Settings, trained: Trained, trained_on: dict[str, Any]) -> Draft:
    """Put the artefact of `trained` into the registry; the facts that its manifest will have.

    It is loaded first as a scorer would, so that a version that no scorer takes never gets a number.

    Raises:
        ScoreloopError: it answers nothing, or the registry refused it.
    """
    data = artifact.dumps(trained.pipeline)
    loaded = Version(_UNNUMBERED, artifact.loads(data), settings.features, settings.task, settings.classes)
    return Draft(
        artifact_sha256=Registry(settings.registry.url).put(data),
        format=artifact.FORMAT,
        estimator=trained.estimator,
        schema_sha256=settings.schema_sha256,
        trained_on=trained_on,
        params=trained.params,
        metrics=trained.metrics,
        reference=trained.reference,
        golden=golden(loaded, settings.features, trained.rows),
        environment=environment(),
    )


def environment() -> dict[str, str]:
    """Package → version of what a version's answers depend on, the interpreter's and the machine's too."""
    packages = {package: installed(package) for package in _PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}
