"""What a codec takes is what was written, asked of any bytes: by hypothesis and by atheris."""

import json
import math
from typing import Any

from msgspec.structs import asdict
from poison import SETTINGS

from events.feature_codec import Event, FeatureCodec
from events.label_codec import LabelCodec, Labelled
from events.prediction_codec import Answered, AnswerReader, encode
from events.refusals import Reason, RefusalError

NOW = 1_700_000_000_000


def same(found: object, given: object) -> bool:
    """Whether a value is what Python's own reader makes of the record; a number may have become a double."""
    if isinstance(found, list) and isinstance(given, list):
        return len(found) == len(given) and all(map(same, found, given))
    if isinstance(found, float) and type(given) in {int, float}:
        return math.isfinite(found) and found == float(given)  # type: ignore[arg-type]
    return type(found) is type(given) and found == given


def event_is_as_written(value: bytes) -> None:
    """An event that is taken, and the answer to it that is read again."""
    codec = FeatureCodec(SETTINGS.features, SETTINGS.limits)
    try:
        found: Event[Any] = codec.decode(value, NOW)
    except RefusalError:
        return
    written = json.loads(value.decode())
    assert (found.event_id, found.ts) == (written["event_id"], written.get("ts"))
    for name, read in zip(SETTINGS.features, asdict(found.features).values(), strict=True):
        assert same(read, written["features"].get(name)), name
    answered = Answered(found.event_id, "0-1", found.ts or 0, NOW, 1, "champion", "ok", found.features)
    again = AnswerReader(SETTINGS.features).read(encode(answered))
    assert asdict(again.features) == asdict(found.features)


def label_is_as_written(value: bytes, task: Any) -> None:
    """A label that is taken."""
    codec = LabelCodec(task, SETTINGS.classes if task == "classification" else (), SETTINGS.limits)
    try:
        found: Labelled[Any] = codec.decode(value, NOW)
    except RefusalError:
        return
    written = json.loads(value.decode())
    assert (found.event_id, found.ts) == (written["event_id"], written.get("ts"))
    assert same(found.label, written["label"])


def readings_agree(value: bytes) -> None:
    """The quick reading of an event and the careful one.

    But for a number beyond a double's range under a name that the schema lacks: only the careful one looks.
    """
    codec = FeatureCodec(SETTINGS.features, SETTINGS.limits)

    def found(read: Any) -> object:
        try:
            event = read(value)
        except RefusalError as refusal:
            return refusal.reason
        return event.event_id, asdict(event.features), event.ts

    quick, careful = found(codec._read), found(codec._read_carefully)  # noqa: SLF001 (the two readings)
    assert careful in (quick, Reason.NOT_FINITE)
