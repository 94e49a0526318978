"""The records of each topic, as the contract states them. These models are the statement.

The hot path does not go through them: `events.feature_codec` and `events.prediction_codec` derive faster
types from a stream's schema, and tests hold the two against each other.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.schema import Label

Milliseconds = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
"""A time since the epoch, UTC."""
Count = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
EventId = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
VersionNumber = Annotated[int, Field(strict=True, ge=1)]
Value = bool | int | float | str | list[float] | None
"""A feature's value."""


class Record(BaseModel):
    """A record that scoreloop writes; readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    def encoded(self) -> bytes:
        """The record's JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def found(cls, value: bytes | str) -> Self | None:
        """The record in `value`, None where it holds none: others may write to our topics."""
        try:
            return cls.model_validate_json(value)
        except ValidationError:
            return None


class FeatureEvent(Record):
    """In `features`: an event to score. `ts` is its event time; absent, the record's Kafka timestamp."""

    event_id: EventId
    ts: Milliseconds | None = None
    features: dict[str, Value]


class LabelEvent(Record):
    """In `labels`: what an event turned out to be, known at `ts`."""

    event_id: EventId
    label: Label
    ts: Milliseconds | None = None


Role = Literal["champion", "canary", "shadow"]


class Prediction(Record):
    """In `predictions` the answer that was served; in `shadows` one that was not."""

    event_id: EventId
    prediction_id: Annotated[str, Field(pattern=r"^\d+-\d+$")]
    """`<partition>-<offset>` of the source record in `features`."""
    ts: Milliseconds
    scored_ts: Milliseconds
    model_version: VersionNumber
    role: Role
    prediction: Label
    probabilities: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = None
    features: dict[str, Value]


class Outcome(Prediction):
    """In `outcomes`: an answer with its label, or its expiry."""

    label: Label | None
    label_ts: Milliseconds | None
    loss: Number | None
    """0 or 1 for a classification, the squared error for a regression."""
    status: Literal["matched", "expired"]


class Segment(Record):
    """The part of the events that a figure speaks of."""

    feature: str
    value: Value


class Metric(Record):
    """In `metrics`: one version's figures over the window `[from_ts, to_ts)` of event time."""

    model_version: VersionNumber
    role: Role
    from_ts: Milliseconds
    to_ts: Milliseconds
    final: bool
    predictions: Count
    labelled: Count
    expired: Count
    coverage: Number | None
    error: Number | None
    error_low: Number | None
    error_high: Number | None
    values: dict[str, Number | None]
    label_delay_p50_ms: Count | None
    label_delay_p99_ms: Count | None
    segment: Segment | None


RUNNING_ERROR = "running-error"
"""The detector that looks at labels that have come so far: it warns of the error, and is no alarm."""


class Drift(Record):
    """In `drift`: an alarm, or a warning."""

    alarm_id: str
    ts: Milliseconds
    kind: Literal["error", "feature", "quality", "coverage", "score"]
    detector: str
    model_version: VersionNumber
    feature: str | None
    evidence: Number
    threshold: Number
    from_ts: Milliseconds
    to_ts: Milliseconds
    change_ts: Milliseconds | None
    guarantee: str
    message: str

    @property
    def alarm(self) -> bool:
        """Whether it is an alarm on the measured error; others only warn."""
        return self.kind == "error" and self.detector != RUNNING_ERROR


class Decision(Record):
    """In `control`: what the monitor or an operator asks for."""

    decision_id: Annotated[str, Field(min_length=1)]
    ts: Milliseconds
    action: Literal["retrain", "rollback", "promote", "reject", "pause", "resume"]
    model_version: VersionNumber | None
    target_version: VersionNumber | None
    requested_by: Literal["monitor", "operator"]
    reason: str
    alarm_id: str | None
    evidence: dict[str, Any]


class Manifest(Record):
    """In `models` under `version/<n>`: all that is known of a version."""

    version: VersionNumber
    created_ts: Milliseconds
    artifact_sha256: Sha256
    format: str
    estimator: str
    schema_sha256: Sha256
    trained_on: dict[str, Any]
    params: dict[str, Any]
    metrics: dict[str, Any]
    parent_version: VersionNumber | None
    decision_id: str
    environment: dict[str, str]
    """Package → version, of what the answers depend on."""
    signature: str | None = None
    """As `events.signatures` has it; None in a stream without keys."""
    reference: dict[str, Any] | None = None
    """What its inputs were like, by which drift is told without labels; older versions have none."""
    golden: list[dict[str, Any]] | None = None
    """A few rows with its answers, which who loads it must get too; older versions have none."""


class DecisionResult(Record):
    """In `models` under `decision/<decision_id>`: what became of a decision."""

    status: Literal["done", "rejected", "failed", "inconclusive"]
    reason: str
    version: VersionNumber | None
    epoch: Count | None
    ts: Milliseconds


class Canary(Record):
    """A challenger that serves a share of the traffic."""

    version: VersionNumber
    share: Annotated[float, Field(ge=0, lt=1)]
    """0 for one that answers along and serves nothing."""


class Roles(Record):
    """In `models` under `roles` and `roles/<epoch>`: who serves. `epoch` only grows."""

    epoch: Annotated[int, Field(strict=True, ge=1)]
    ts: Milliseconds
    champion: VersionNumber
    canary: Canary | None = None
    shadows: tuple[VersionNumber, ...] = ()
    previous: tuple[VersionNumber, ...] = ()
    """Champions before this one, the newest first."""
    decision_id: str
    signature: str | None = None

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version that answers events, each once, the champion first."""
        canary = () if self.canary is None else (self.canary.version,)
        return tuple(dict.fromkeys((self.champion, *canary, *self.shadows)))


class Worker(Record):
    """In `workers`: what one scorer process has loaded and how far it has come."""

    worker: str
    ts: Milliseconds
    epoch: Count | None
    """None while it has nothing to serve."""
    champion: VersionNumber | None
    canary: VersionNumber | None
    shadows: tuple[VersionNumber, ...]
    error: str | None
    offsets: dict[str, Count]
    """Partition of `features` → the next offset to score."""
    process: str | None = None
    """Which process of that slot this is, so that an older one knows when a newer has taken over."""


RECORDS: dict[str, type[Record]] = {
    "features": FeatureEvent,
    "labels": LabelEvent,
    "predictions": Prediction,
    "shadows": Prediction,
    "outcomes": Outcome,
    "metrics": Metric,
    "drift": Drift,
    "control": Decision,
    "models/version": Manifest,
    "models/decision": DecisionResult,
    "models/roles": Roles,
    "workers": Worker,
}
"""Each topic's record; in `models` by the key's first part."""
