"""`predictions` and `shadows`: answers → bytes, quickly."""

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from events.records import Role


class Answered(Struct, frozen=True, gc=False):
    """One answer as it is written; a regression has no `probabilities`."""

    event_id: str
    prediction_id: str
    ts: int
    scored_ts: int
    model_version: int
    role: Role
    prediction: Any
    features: Struct
    probabilities: dict[str, float] | UnsetType = UNSET


encode = msgspec.json.Encoder().encode
"""The JSON of an `Answered`."""
