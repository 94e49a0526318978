"""`predictions` and `shadows`: answers ⇄ bytes, quickly."""

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from events.json_reading import Int64
from events.records import Role
from events.refusals import Reason, RefusalError
from events.schema import Feature, Features


class Answered(Struct, frozen=True, gc=False):
    """One answer as it is written; a regression has no `probabilities`.

    `features` is a struct of the stream's own type, in the schema's order.
    """

    event_id: str
    prediction_id: str
    ts: Int64
    scored_ts: Int64
    model_version: Int64
    role: Role
    prediction: bool | int | float | str
    features: Struct
    probabilities: dict[str, float] | UnsetType = UNSET


encode = msgspec.json.Encoder().encode
"""The JSON of an `Answered`."""


class AnswerReader:
    """Reads what `encode` wrote for one stream; fields that it does not know are ignored.

    Types are checked, so that what was read can be counted and written again; what else the scorer saw to
    (the form of ids, the allowed categories) is not.
    """

    def __init__(self, features: Features) -> None:
        answered = msgspec.defstruct(
            "Answered",
            [("features", _features_type(features))],
            bases=(Answered,),
            frozen=True,
            gc=False,
            kw_only=True,
        )
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(answered)

    def read(self, value: bytes) -> Answered:
        """The answer in `value`.

        Raises:
            RefusalError: it is none, or not one to this schema's features.
        """
        try:
            answered: Answered = self._decoder.decode(value)
        except (msgspec.ValidationError, RecursionError) as error:
            raise RefusalError(Reason.WRONG_TYPE, str(error)) from None
        except UnicodeDecodeError as error:
            raise RefusalError(Reason.NOT_UTF8, str(error)) from None
        except msgspec.DecodeError as error:
            raise RefusalError(Reason.NOT_JSON, str(error)) from None
        return answered


def _features_type(features: Features) -> type[Struct]:
    """As `events.feature_codec.features_type`, but with any category: they were looked at before scoring."""
    fields = [
        (f"f{i}", _type(spec) | None, None) if spec.nullable else (f"f{i}", _type(spec))
        for i, spec in enumerate(features.values())
    ]
    names = {f"f{i}": name for i, name in enumerate(features)}
    return msgspec.defstruct("Features", fields, rename=names, frozen=True, gc=False, kw_only=True)


def _type(spec: Feature) -> Any:
    match spec.type:
        case "number" if spec.shape:
            return list[float]
        case "number":
            return float
        case "integer":
            return Int64
        case "boolean":
            return bool
        case "category":
            return str
