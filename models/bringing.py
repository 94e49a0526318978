"""A model that somebody brings, made to answer as ours do: a class is its index in the schema."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.schema import Label, same_label
from events.settings import Settings
from models.onnx_model import OnnxModel


def renumbered(pipeline: Pipeline | OnnxModel, settings: Settings) -> bool:
    """Have `pipeline`, which learned the stream's labels as they are, name classes by index.

    Whether anything was changed: one whose classes are indexes and no labels is left as it is.

    Raises:
        ScoreloopError: its task is another, or it knows classes that the stream has not.
    """
    known = [_plain(label) for label in getattr(pipeline, "classes_", ())]
    if bool(known) != bool(settings.classes):
        raise ScoreloopError(f"the file holds no model for a {settings.task}, which is this stream's task")
    if known and not hasattr(pipeline, "predict_proba"):
        raise ScoreloopError("the model has no predict_proba, and a stream's answers are probabilities")
    indexes = [_index(label, settings.classes) for label in known]
    if None in indexes:
        if all(type(label) is int and 0 <= label < len(settings.classes) for label in known):
            return False
        raise ScoreloopError(
            f"the model answers the classes {known!r:.200}, the stream has {list(settings.classes)!r:.200} "
            '(true, 1, 1.0 and "1" are different)'
        )
    if indexes == known:
        return False
    pipeline[-1].classes_ = np.array(indexes)
    return bool(known)


def _plain(label: Any) -> Label:
    plain: Label = label.item() if isinstance(label, np.generic) else label
    return plain


def _index(label: Label, classes: tuple[Label, ...]) -> int | None:
    return next((i for i, one in enumerate(classes) if same_label(one, label)), None)
