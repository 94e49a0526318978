"""A trained version's artefact into the registry, where nobody knows of it until a manifest names it."""

from typing import Any

from consumers.environment import environment
from consumers.trainer.draft import Draft
from events.settings import Settings
from models import artifact
from models.averaging import member
from models.families import bare
from models.golden import golden
from models.registry import Registry
from models.scoring import Version
from models.training import Trained

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
        environment=environment(bare(member(trained.pipeline)[-1])),
    )
