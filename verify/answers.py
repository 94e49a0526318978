"""`predictions`, `shadows` and `outcomes`: bytes → what has to be equal, and what figures are made of."""

from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from events.feature_codec import features_type
from events.records import Role
from events.settings import Settings

_Features = TypeVar("_Features")

encode = msgspec.msgpack.Encoder(order="deterministic").encode
"""Equal values to equal bytes; 1, 1.0, true and "1" are four different ones."""


def digest(*values: Any) -> int:
    """64 bits that tell `values` from others, in this process."""
    return hash(encode(values))


class Answer(Struct, Generic[_Features], frozen=True, gc=False):
    """A prediction or a shadow."""

    event_id: str
    prediction_id: str
    ts: int
    scored_ts: int
    model_version: int
    role: Role
    prediction: bool | int | float | str
    features: _Features
    probabilities: dict[str, float] | None = None

    @property
    def source(self) -> tuple[int, int]:
        """Partition and offset of the record in `features`.

        Raises:
            ValueError: `prediction_id` names none.
        """
        partition, offset = self.prediction_id.split("-")
        return int(partition), int(offset)


class Outcome(Answer[_Features], Generic[_Features], frozen=True, gc=False, kw_only=True):
    """An answer with its label, or its expiry."""

    label: bool | int | float | str | None
    label_ts: int | None
    loss: float | None
    status: Literal["matched", "expired"]


class Answers:
    """Reads the answers of one stream.

    A version that was trained for another schema than stream.toml's (`foreign`) answered other features:
    those are read as they are.
    """

    def __init__(self, settings: Settings, foreign: frozenset[int] = frozenset()) -> None:
        self._classes = settings.classes
        self._foreign = foreign
        features = features_type(settings.features, strict=False)
        answer: Any = Answer  # the type is made at run time
        outcome: Any = Outcome
        self._answer = msgspec.json.Decoder(answer[features])
        self._outcome = msgspec.json.Decoder(outcome[features])
        self._any_answer = msgspec.json.Decoder(Answer[dict[str, Any]])
        self._any_outcome = msgspec.json.Decoder(Outcome[dict[str, Any]])

    def answer(self, value: bytes | None) -> Answer[Any] | None:
        """The prediction or shadow in `value`, None where it is not as the contract says."""
        return self._read(value, self._answer, self._any_answer)

    def outcome(self, value: bytes | None) -> Outcome[Any] | None:
        """The outcome in `value`, None where it is not as the contract says."""
        found = self._read(value, self._outcome, self._any_outcome)
        return found if isinstance(found, Outcome) else None

    def is_foreign(self, version: int) -> bool:
        """Whether that version answers another schema."""
        return version in self._foreign

    def whole(self, answer: Answer[Any]) -> int:
        """A digest of all the fields of an answer."""
        return digest(
            answer.event_id, answer.prediction_id, answer.ts, answer.scored_ts, answer.model_version,
            answer.role, self.label(answer.prediction), answer.features, answer.probabilities,
        )  # fmt: skip

    def label(self, label: Any) -> Any:
        """A class as it is; of a regression the number, however it is written."""
        return label if self._classes or label is None else float(label)

    def _read(self, value: bytes | None, quick: Any, generic: Any) -> Answer[Any] | None:
        for decoder in (quick, generic):
            try:
                found: Answer[Any] = decoder.decode(value or b"")
                found.source  # noqa: B018 (looks whether there is one)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
                continue
            if decoder is quick or found.model_version in self._foreign:
                return found
        return None
