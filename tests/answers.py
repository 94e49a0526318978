"""Answers as several tests make them."""

from typing import Any

from msgspec import UNSET, Struct

from events.prediction_codec import Answered
from events.records import Role


def answered(
    features: Struct,
    prediction: Any,
    probabilities: dict[str, float] | None = None,
    *,
    ts: int = 0,
    model_version: int = 7,
    role: Role = "champion",
) -> Answered:
    return Answered(
        event_id="a1",
        prediction_id="3-1042",
        ts=ts,
        scored_ts=ts + 21,
        model_version=model_version,
        role=role,
        prediction=prediction,
        features=features,
        probabilities=UNSET if probabilities is None else probabilities,
    )
