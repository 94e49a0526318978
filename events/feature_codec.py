"""`features`: bytes → a validated event, or the named reason why not.

Two readings that agree. The quick one is a msgspec decoder derived from the stream's schema, and takes
nearly every event in about a microsecond. What it does not take is read again by the careful one, which
settles what the quick one cannot (a key given twice, of which the last counts) and names the reason.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from events.admission import refuse_future, refuse_too_large
from events.json_reading import (
    EventIdText,
    Int64,
    decoded_object,
    event_id_in,
    finite,
    int64,
    is_utf8,
    missing,
    ts_in,
    wrong_type,
)
from events.refusals import Reason, RefusalError
from events.schema import MAX_CATEGORY_BYTES, Feature, Features
from events.settings import Limits

_Category = Annotated[str, Meta(max_length=MAX_CATEGORY_BYTES)]
_ShortCategory = Annotated[str, Meta(max_length=MAX_CATEGORY_BYTES // 4)]
"""What fits in 256 bytes of any UTF-8; the careful reading counts the bytes of a longer one."""
_Features = TypeVar("_Features")


class Event(Struct, Generic[_Features], frozen=True, gc=False):
    """A validated event; `features` is a struct of the stream's own type, in the schema's order."""

    event_id: EventIdText
    features: _Features
    ts: Int64 | None = None


class _Names(Struct):
    features: dict[str, msgspec.Raw]


def features_type(features: Features, *, strict: bool = True, category: Any = _Category) -> type[Struct]:
    """The struct of a stream's features: what `predictions` carries and a version is asked with.

    A `strict` one refuses names that the schema lacks. `category` is what one without `values` may be.
    """
    types = [(f"f{i}", _type(spec, category), spec.nullable) for i, spec in enumerate(features.values())]
    required = [(name, kind) for name, kind, optional in types if not optional]
    nullable = [(name, kind | None, None) for name, kind, optional in types if optional]
    return msgspec.defstruct(
        "Features",
        sorted([*required, *nullable], key=lambda field: int(field[0][1:])),
        rename={f"f{i}": name for i, name in enumerate(features)},
        forbid_unknown_fields=strict,
        frozen=True,
        gc=False,
        kw_only=True,
    )


def _type(spec: Feature, category: Any) -> Any:
    match spec.type:
        case "number" if spec.shape:
            return Annotated[list[float], Meta(min_length=spec.shape[0], max_length=spec.shape[0])]
        case "number":
            return float
        case "integer":
            return Int64
        case "boolean":
            return bool
        case "category":
            return Literal[spec.values] if spec.values else category


def _decoder(features: type[Struct]) -> msgspec.json.Decoder[Event[Struct]]:
    generic: Any = Event  # the type is made at run time, where no type checker can follow
    return msgspec.json.Decoder(generic[features])


class FeatureCodec:
    """Reads the events of one stream.

    `ignored_names` counts the names under `features` that the schema lacks: they are ignored.
    """

    def __init__(self, features: Features, limits: Limits) -> None:
        self.ignored_names = 0
        self._features = features
        self._limits = limits
        self._type = features_type(features, category=_ShortCategory)
        self._quick = _decoder(self._type)
        self._lenient = _decoder(features_type(features, strict=False, category=_ShortCategory))
        self._names = msgspec.json.Decoder(_Names)

    def decode(self, value: bytes | None, record_ts: int, key: bytes | None = None) -> Event[Struct]:
        """The event in `value`, whose record has `key` and the Kafka timestamp `record_ts` in milliseconds.

        Raises:
            RefusalError: it cannot be scored.
        """
        refuse_too_large(value, key, self._limits)
        event = self._read(value)
        refuse_future(event.ts, record_ts, self._limits)
        return event

    def _read(self, value: bytes | None) -> Event[Struct]:
        if value is None or not is_utf8(value):
            return self._read_carefully(value)
        try:
            return self._quick.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._read_leniently(value)

    def _read_leniently(self, value: bytes) -> Event[Struct]:
        """The quick reading once more, for an event whose only fault is a name that the schema lacks."""
        try:
            event = self._lenient.decode(value)
            names = self._names.decode(value).features.keys()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._read_carefully(value)
        self.ignored_names += len(names - self._features.keys())
        return event

    def _read_carefully(self, value: bytes | None) -> Event[Struct]:
        fields = decoded_object(value)
        event_id = event_id_in(fields)
        given = fields.get("features")
        if given is None:
            missing("features")
        if not isinstance(given, dict):
            wrong_type("features", given, "an object")
        known = {
            f"f{i}": _feature(name, spec, given.get(name))
            for i, (name, spec) in enumerate(self._features.items())
        }
        self.ignored_names += len(given.keys() - self._features.keys())
        return Event(event_id, self._type(**known), ts_in(fields))


def _feature(name: str, spec: Feature, value: Any) -> Any:
    field = f"features.{name}"
    if value is None:
        return None if spec.nullable else missing(field)
    match spec.type:
        case "number" if spec.shape:
            return _array(field, spec.shape[0], value)
        case "number":
            return finite(field, value)
        case "integer":
            return int64(field, value)
        case "boolean":
            return value if type(value) is bool else wrong_type(field, value, "a boolean")
        case "category":
            return _category(field, spec.values, value)


def _array(field: str, length: int, value: Any) -> list[float]:
    if not isinstance(value, list):
        wrong_type(field, value, "an array")
    if len(value) != length:
        raise RefusalError(Reason.WRONG_TYPE, f"{field}: {len(value)} numbers, not {length}")
    return [finite(f"{field}[{i}]", item) for i, item in enumerate(value)]


def _category(field: str, values: tuple[str, ...] | None, value: Any) -> str:
    if not isinstance(value, str):
        wrong_type(field, value, "a string")
    if values is not None and value not in values:
        raise RefusalError(
            Reason.UNKNOWN_CATEGORY, f"{field}: none of the {len(values)} categories of the schema"
        )
    if len(value.encode()) > MAX_CATEGORY_BYTES:
        raise RefusalError(Reason.UNKNOWN_CATEGORY, f"{field}: longer than {MAX_CATEGORY_BYTES} bytes")
    return value
