"""Scoring answers again: features → a frame → the pipeline's answers → whether they are the ones written."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from msgspec.structs import astuple
from numpy.typing import NDArray

from events.schema import label_key, same_label
from events.settings import Settings
from verify.answers import Answer
from verify.artifacts import NotReplayableError

TOLERANCE = 1e-9
"""Answers agree bit for bit on the same packages and kind of machine, to this elsewhere."""


def outputs(pipeline: Any, settings: Settings, answers: Sequence[Answer[Any]]) -> NDArray[np.float64]:
    """A pipeline's answers to the features in `answers`.

    Raises:
        NotReplayableError: the pipeline raised.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (with skops, only where it is needed)

    try:
        with threadpool_limits(1), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong shows in the answers
            rows = frame(settings, answers, list(pipeline.feature_names_in_))
            if settings.task == "regression":
                return np.asarray(pipeline.predict(rows), dtype=np.float64).reshape(-1, 1)
            again = np.zeros((len(answers), len(settings.classes)))
            again[:, pipeline.classes_] = pipeline.predict_proba(rows)
            return again
    except Exception as error:
        raise NotReplayableError(f"a pipeline that fails here ({type(error).__name__})") from error


def frame(settings: Settings, answers: Sequence[Answer[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The features as the pipeline takes them: numbers float64, categories objects, arrays in columns."""
    made: dict[str, Any] = {}
    rows = [astuple(answer.features) for answer in answers]
    for i, (name, feature) in enumerate(settings.features.items()):
        column = [row[i] for row in rows]
        if feature.shape:
            for k in range(feature.shape[0]):
                made[f"{name}[{k}]"] = np.array([math.nan if v is None else v[k] for v in column], np.float64)
        elif feature.type == "category":
            made[name] = pd.Series(column, dtype=object)
        else:
            made[name] = np.array([math.nan if v is None else v for v in column], dtype=np.float64)
    return pd.DataFrame(made)[list(columns)]


def difference(settings: Settings, answer: Answer[Any], row: NDArray[np.float64]) -> str | None:
    """What the version answers (`row`), where that is another answer than the one that was written."""
    if settings.task == "regression":
        again = float(row[0])
        near = isinstance(answer.prediction, int | float) and math.isclose(
            answer.prediction, again, rel_tol=TOLERANCE, abs_tol=TOLERANCE
        )
        return None if near else repr(again)
    keys = [label_key(label) for label in settings.classes]
    given = answer.probabilities or {}
    near = set(given) == set(keys) and all(
        abs(given[key] - again) <= TOLERANCE for key, again in zip(keys, row, strict=True)
    )
    chosen = next((i for i, c in enumerate(settings.classes) if same_label(c, answer.prediction)), None)
    best = chosen is not None and row[chosen] >= row.max() - TOLERANCE
    return None if near and best else str(dict(zip(keys, row.tolist(), strict=True)))[:200]
