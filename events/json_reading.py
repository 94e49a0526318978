"""JSON from outside, read with care: what is wrong with it has a name."""

import json
import math
import re
from typing import Annotated, Any, NoReturn

import msgspec
from msgspec import Meta

from events.refusals import Reason, RefusalError

EVENT_ID_PATTERN = r"^[!-~]{1,128}\Z"
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

EventIdText = Annotated[str, Meta(pattern=EVENT_ID_PATTERN)]
Int64 = Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)]

_EVENT_ID = re.compile(EVENT_ID_PATTERN)
_NAMES = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def json_name(value: object) -> str:
    """What JSON calls a value of this type: a refusal names the type and never quotes the value."""
    return _NAMES[type(value)]


def decoded_object(value: bytes | None) -> dict[str, Any]:
    """The JSON object in `value`; of a key given twice the last counts.

    Raises:
        RefusalError: it is no UTF-8, no JSON, holds a number that is not finite, or is no object.
    """
    fields = _decoded(value or b"")
    if not isinstance(fields, dict):
        raise RefusalError(Reason.NOT_AN_OBJECT, f"the record is {json_name(fields)}, not an object")
    return fields


def _decoded(value: bytes) -> Any:
    try:
        value.decode()
        return msgspec.json.decode(value)
    except UnicodeDecodeError as error:
        raise RefusalError(Reason.NOT_UTF8, f"byte {error.start} is no UTF-8") from None
    except RecursionError:
        raise RefusalError(Reason.NOT_JSON, "nested too deeply") from None
    except msgspec.DecodeError as error:
        if "out of range" in str(error) or _is_json_but_for_constants(value):
            raise RefusalError(
                Reason.NOT_FINITE, "NaN, Infinity or a number beyond a double's range"
            ) from None
        raise RefusalError(Reason.NOT_JSON, str(error) if value else "the record has no value") from None


def is_utf8(value: bytes) -> bool:
    """Whether `value` is UTF-8: msgspec does not look into the strings that it skips."""
    try:
        return value.isascii() or bool(value.decode())
    except UnicodeDecodeError:
        return False


def _is_json_but_for_constants(value: bytes) -> bool:
    """Whether only NaN or Infinity keep `value` from being JSON, as Python's and others' writers make it."""
    constants: list[str] = []
    try:
        json.loads(value, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return False
    return bool(constants)


def event_id_in(fields: dict[str, Any]) -> str:
    """The record's `event_id`.

    Raises:
        RefusalError: it is missing, no string, or not 1 to 128 printable ASCII characters without space.
    """
    event_id = fields.get("event_id")
    if event_id is None:
        missing("event_id")
    if not isinstance(event_id, str):
        wrong_type("event_id", event_id, "a string")
    if not _EVENT_ID.match(event_id):
        raise RefusalError(
            Reason.BAD_EVENT_ID, "event_id: must be 1 to 128 printable ASCII characters without space"
        )
    return event_id


def ts_in(fields: dict[str, Any]) -> int | None:
    """The record's `ts` in milliseconds, None when it has none.

    Raises:
        RefusalError: it is no integer of 64 bits.
    """
    ts = fields.get("ts")
    return None if ts is None else int64("ts", ts)


def int64(name: str, value: object) -> int:
    """`value` as an integer of 64 bits, or a refusal that names the field."""
    if type(value) is not int:
        wrong_type(name, value, "an integer")
    if not INT64_MIN <= value <= INT64_MAX:
        raise RefusalError(Reason.WRONG_TYPE, f"{name}: an integer beyond 64 bits")
    return value


def finite(name: str, value: object) -> float:
    """`value` as a finite double; an integer counts, a boolean or a string does not."""
    if type(value) is not int and type(value) is not float:
        wrong_type(name, value, "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RefusalError(Reason.NOT_FINITE, f"{name}: beyond a double's range")
    return number


def missing(name: str) -> NoReturn:
    """Refuse a record without `name`."""
    raise RefusalError(Reason.MISSING_FIELD, f"{name}: is required")


def wrong_type(name: str, value: object, expected: str) -> NoReturn:
    """Refuse a field of another type."""
    raise RefusalError(Reason.WRONG_TYPE, f"{name}: is {json_name(value)}, not {expected}")
