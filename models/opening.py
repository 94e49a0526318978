"""An artefact as something that answers. Every artefact that is opened is opened here."""

import io
from typing import Protocol

import joblib
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from events.errors import ScoreloopError
from events.settings import Settings
from models import artifact
from models.artifact import ArtifactError
from models.bringing import renumbered
from models.onnx_model import OnnxModel
from models.registry import Registry

JOBLIB, ONNX = "joblib", "onnx"
PICKLED = frozenset({JOBLIB})
"""Formats that can run any code as they are opened, before anything of what they hold can be looked at."""
FORMATS = frozenset({artifact.FORMAT, ONNX}) | PICKLED


class Made(Protocol):
    """What a manifest, or a version that is none yet, says of its artefact."""

    @property
    def artifact_sha256(self) -> str:
        """Under what it is in the registry."""

    @property
    def format(self) -> str:
        """How it is written."""

    @property
    def signature(self) -> str | None:
        """By whom; whoever has `made` from outside has checked it (`events.signatures.Trust`)."""


def opened(made: Made, registry: Registry, settings: Settings) -> Pipeline:
    """The pipeline that `made` names. The artefact is read once, its hash checked, those same bytes parsed.

    Raises:
        ScoreloopError: the artefact is missing, has another hash, or may not or cannot be opened.
    """
    refuse(made.format, settings, signed=made.signature is not None)
    return parsed(registry.get(made.artifact_sha256), made.format, settings)


def refuse(form: str, settings: Settings, *, signed: bool) -> None:
    """Refuse a format that is not known, or that may not be opened here, before a byte of it is looked at.

    Raises:
        ArtifactError: it is not to be opened.
    """
    if form not in FORMATS:
        raise ArtifactError(
            f"the format {form[:50]!r} cannot be read; known are {', '.join(sorted(FORMATS))}"
        )
    if form in PICKLED and not settings.registry.allow_pickle:
        raise ArtifactError(
            f"an artefact in the format {form} can run any code, so it was not opened; where all who sign "
            "are trusted so far, set [registry] allow_pickle = true"
        )
    if form in PICKLED and not (signed and settings.registry.public_keys):
        raise ArtifactError(f"an artefact in the format {form} is opened only where its version is signed")


def parsed(data: bytes, form: str, settings: Settings) -> Pipeline:
    """The pipeline in `data`, which `refuse` has let through; what is in ONNX answers like one.

    Raises:
        ArtifactError: it holds none.
    """
    if form == artifact.FORMAT:
        return artifact.loads(data)
    try:
        if form == ONNX:
            model = OnnxModel(data)
            renumbered(model, settings)  # its bytes name its classes as they are, and stay as they are
            return model
        loaded = joblib.load(io.BytesIO(data))
        check_is_fitted(loaded)
    except ScoreloopError:
        raise
    except Exception as error:
        raise ArtifactError(f"the artefact cannot be read as {form} ({type(error).__name__})") from error
    return loaded if isinstance(loaded, Pipeline) else Pipeline([("estimate", loaded)])
