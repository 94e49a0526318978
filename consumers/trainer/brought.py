"""A model that somebody brings: from a file's bytes to an artefact in the registry and a version's facts."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import joblib
from sklearn.pipeline import Pipeline

from consumers.environment import environment
from consumers.trainer.draft import Draft
from events.settings import Settings
from models import artifact, opening
from models.bringing import renumbered
from models.families import bare
from models.frame import Row
from models.golden import golden
from models.registry import Registry
from models.scoring import Version

_UNNUMBERED = 0


@dataclass(frozen=True)
class Brought:
    """A model that fits the stream."""

    pipeline: Pipeline
    version: Version
    form: str
    data: bytes
    """What the registry is to keep: the file's bytes, unless its classes had to be numbered."""


def read(settings: Settings, data: bytes, form: str, *, ours: bool) -> Brought:
    """The model in a file's bytes; `ours` was made by scoreloop, so its classes are indexes already.

    Raises:
        ScoreloopError: the format may not be opened, the file holds no model, or one for other features,
            classes or another task.
    """
    opening.refuse(form, settings, signed=bool(settings.registry.public_keys))
    pipeline = opening.parsed(data, form, settings)
    if form != opening.ONNX and not ours and renumbered(pipeline, settings):
        data = artifact.dumps(pipeline) if form == artifact.FORMAT else _pickled(pipeline)
    version = Version(_UNNUMBERED, pipeline, settings.features, settings.task, settings.classes)
    return Brought(pipeline, version, form, data)


def draft(
    settings: Settings, made: Brought, trained_on: dict[str, Any], rows: Sequence[Row], **facts: Any
) -> Draft:
    """Put the artefact into the registry; the facts of the version, its golden answers to `rows` among them.

    Raises:
        ScoreloopError: the registry refused it.
    """
    return Draft(
        artifact_sha256=Registry(settings.registry.url).put(made.data),
        format=made.form,
        estimator=f"brought: {type(made.pipeline[-1]).__name__}",
        schema_sha256=settings.schema_sha256,
        trained_on=trained_on,
        params={},
        environment=environment(bare(made.pipeline[-1])),
        golden=golden(made.version, settings.features, rows),
        **facts,
    )


def _pickled(pipeline: Pipeline) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    return buffer.getvalue()
