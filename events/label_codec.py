"""`labels`: bytes → a validated label, or the named reason why not.

Two readings that agree, as in `events.feature_codec`: a quick one for nearly every record, and a careful one
for what the quick one does not take.
"""

from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from events.admission import refuse_future, refuse_too_large
from events.json_reading import (
    EventIdText,
    Int64,
    decoded_object,
    event_id_in,
    finite,
    is_utf8,
    missing,
    ts_in,
    wrong_type,
)
from events.refusals import Reason, RefusalError
from events.schema import Label
from events.settings import Limits

_Label = TypeVar("_Label")


class Labelled(Struct, Generic[_Label], frozen=True, gc=False):
    """What an event turned out to be: one of the stream's classes, or for a regression a finite double.

    `ts` is when that became known, None where the record does not say.
    """

    event_id: EventIdText
    label: _Label
    ts: Int64 | None = None


class LabelCodec:
    """Reads the labels of one stream; `classes` is empty for a regression."""

    def __init__(
        self, task: Literal["classification", "regression"], classes: Sequence[Label], limits: Limits
    ) -> None:
        self._limits = limits
        self._classes = {(type(label), label): label for label in classes}
        self._quick: msgspec.json.Decoder[Labelled[Any]]
        if task == "classification":
            self._label = self._class
            self._quick = msgspec.json.Decoder(Labelled[bool | int | float | str])
        else:
            self._label = _number
            self._quick = msgspec.json.Decoder(Labelled[float])

    def decode(self, value: bytes | None, record_ts: int, key: bytes | None = None) -> Labelled[Any]:
        """The label in `value`, whose record has `key` and the Kafka timestamp `record_ts` in milliseconds.

        A class is the settings' own object, so that many labels of a class hold one. A regression's label is
        a float however it was written: 1 and 1.0 are the same number.

        Raises:
            RefusalError: it cannot be used.
        """
        refuse_too_large(value, key, self._limits)
        found = self._read(value)
        refuse_future(found.ts, record_ts, self._limits)
        return found

    def _read(self, value: bytes | None) -> Labelled[Any]:
        if value is None or not is_utf8(value):
            return self._read_carefully(value)
        try:
            found = self._quick.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._read_carefully(value)
        return Labelled(found.event_id, self._label(found.label), found.ts)

    def _read_carefully(self, value: bytes | None) -> Labelled[Any]:
        fields = decoded_object(value)
        event_id, ts = event_id_in(fields), ts_in(fields)
        label = fields.get("label")
        if label is None:
            missing("label")
        return Labelled(event_id, self._label(label), ts)

    def _class(self, label: Any) -> Label:
        if isinstance(label, list | dict):
            wrong_type("label", label, "a boolean, a number or a string")
        known = self._classes.get((type(label), label))
        if known is None:
            raise RefusalError(
                Reason.UNKNOWN_LABEL,
                f"label: none of the {len(self._classes)} classes by JSON type and value",
            )
        return known


def _number(label: Any) -> float:
    return finite("label", label)
