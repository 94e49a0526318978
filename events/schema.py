"""What a stream predicts from, and what it predicts: its features and its labels."""

import hashlib
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from events.durations import Duration, written

FeatureType = Literal["number", "integer", "boolean", "category"]
Label = StrictBool | StrictInt | StrictFloat | StrictStr
"""A class as it comes in JSON: `true`, `1`, `"1"` and `1.0` are four different labels."""

MAX_CATEGORY_BYTES = 256


def _durations_as_text(schema: dict[str, Any]) -> None:
    """A duration's default is held as milliseconds and shown as a person would write it."""
    for field in schema["properties"].values():
        if field.get("type") == "string" and isinstance(field.get("default"), int):
            field["default"] = written(field["default"])


class Section(BaseModel):
    """A table of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra=_durations_as_text
    )


class Feature(Section):
    """One input: its type, whether it may be missing, and for an array its length."""

    type: FeatureType
    nullable: bool = False
    values: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The categories that are allowed; without it any string up to 256 bytes."""
    shape: tuple[Annotated[int, Field(ge=1, le=65_536)]] | None = None
    """`[n]` for an array of n numbers."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.values is not None and self.type != "category":
            raise ValueError(f'`values` goes with type "category", not "{self.type}"')
        if self.values is not None and len(set(self.values)) != len(self.values):
            raise ValueError("`values` names a category twice")
        if self.values and any(len(value.encode()) > MAX_CATEGORY_BYTES for value in self.values):
            raise ValueError(f"a category is longer than {MAX_CATEGORY_BYTES} bytes")
        if self.shape is not None and self.type != "number":
            raise ValueError(f'`shape` goes with type "number", not "{self.type}"')
        return self


def _feature_from_type(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


FeatureName = Annotated[str, Field(min_length=1, max_length=128, pattern=r'^[^"\\\x00-\x1f]+$')]
Features = dict[
    FeatureName,
    Annotated[Feature, BeforeValidator(_feature_from_type, json_schema_input_type=FeatureType | Feature)],
]


def label_key(label: Label) -> str:
    """The name of a class in `probabilities`: a string as it is, another as its JSON text."""
    return label if isinstance(label, str) else msgspec.json.encode(label).decode()


def same_label(a: Label, b: Label) -> bool:
    """Whether two labels are equal by JSON type and value."""
    return type(a) is type(b) and a == b


class Labels(Section):
    """What arrives later: the classes, and how long a prediction waits."""

    classes: Annotated[tuple[Label, ...], Field(min_length=2)] | None = None
    """JSON values as they come in `labels`; for classification only."""
    positive: Label | None = None
    """The class that precision and recall speak of, with two classes; default the last."""
    horizon: Duration = 86_400_000
    """Event time that a prediction waits for its label."""
    column: str | None = None
    """The label's column in files; default the one column that is no feature."""

    @model_validator(mode="after")
    def _classes_are_distinct(self) -> Self:
        if self.classes is None:
            if self.positive is not None:
                raise ValueError("`positive` goes with `classes`")
            return self
        keys = [label_key(label) for label in self.classes]
        if collision := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(
                f"two classes are written {collision!r} in `probabilities`; give them other names"
            )
        if self.positive is not None and not any(same_label(self.positive, c) for c in self.classes):
            raise ValueError(f"`positive` is {self.positive!r}, which is none of the classes")
        return self


def schema_sha256(task: str, features: Features, classes: tuple[Label, ...] | None) -> str:
    """SHA-256 of what a version was trained to read and answer: a version serves no other schema."""
    statement: dict[str, Any] = {
        "task": task,
        "features": [(name, spec.model_dump(exclude_defaults=True)) for name, spec in features.items()],
        "classes": classes,
    }
    return hashlib.sha256(msgspec.json.encode(statement)).hexdigest()
