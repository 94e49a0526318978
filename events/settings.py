"""The stream's settings: `stream.toml`, and the environment. The one place that reads either."""

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from events.durations import Duration
from events.errors import ScoreloopError
from events.preparation import Preparation, check
from events.schema import Features, Label, Labels, Section, same_label, schema_sha256
from events.settings_errors import sentence

BOOTSTRAP_VARIABLE = "SCORELOOP_BOOTSTRAP_SERVERS"
SIGNING_KEY_VARIABLE = "SCORELOOP_SIGNING_KEY"
DEFAULT_BOOTSTRAP = "127.0.0.1:9092"
BUCKETS_A_WINDOW = 12
PUBLIC_KEY_PREFIX = "ed25519:"
_PUBLIC_KEY = re.compile(re.escape(PUBLIC_KEY_PREFIX) + r"[A-Za-z0-9+/]{43}=")

Property = bool | int | float | str


class Kafka(Section):
    """Where the brokers are. Any other key is a librdkafka property by its own name."""

    model_config = ConfigDict(extra="allow")

    bootstrap_servers: str = DEFAULT_BOOTSTRAP
    group_protocol: Literal["classic", "consumer"] = "classic"
    """How members of a group share its partitions. `consumer` is KIP-848 (Kafka 4.0 and later), where the
    brokers decide; a killed member's partitions then move on after 45 s, by the brokers' default, not 6."""

    @model_validator(mode="before")
    @classmethod
    def _with_dotted_names(cls, value: object) -> object:
        """TOML reads `security.protocol = "SSL"` as a table in a table: put the name together again."""
        return dict(_dotted(value)) if isinstance(value, dict) else value

    @property
    def properties(self) -> dict[str, Property]:
        """The librdkafka properties that the file sets, by name."""
        return dict(self.model_extra or {})


def _dotted(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Property]]:
    pairs: list[tuple[str, Property]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            pairs += _dotted(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float | str):
            pairs.append((f"{prefix}{key}", value))
        else:
            raise ValueError(f"{prefix}{key}: a librdkafka property is a string, a number, true or false")
    return pairs


class Topics(Section):
    """What `topics create` makes."""

    partitions: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Partitions of `features`, `labels` and every topic that has as many."""
    replication_factor: Annotated[int, Field(ge=1, le=32)] | None = None
    """Copies of each partition; without it the broker's default."""


class Limits(Section):
    """What is refused."""

    max_event_bytes: Annotated[int, Field(ge=64, le=16 * 1024 * 1024)] = 64 * 1024
    """A record with a larger value, or a larger key, goes to `dead-letters`."""
    max_future_skew: Duration = 300_000
    """How far an event's `ts` may be ahead of its Kafka timestamp."""
    idle_after: Duration = 60_000
    """A partition read to its end with nothing new for so long is left out of the watermark."""
    bad_records_share: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The share of refused records in `features` or in `labels` above which an alarm rings; 1 for never."""
    bad_records_over: Annotated[int, Field(ge=1)] = 1_000
    """Over so many records."""


class Scoring(Section):
    """How events are gathered into one `predict`."""

    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """The most events in one batch, and so in one transaction."""
    batch_wait: Duration = 5
    """How long a batch that is not full waits for more."""
    producers: Annotated[int, Field(ge=1, le=4)] = 2
    """Transactional producers of a slot that take turns: further ones make answers come sooner under load,
    and the most that one slot can score a second a little less."""


class Joining(Section):
    """What the joiner holds, for each partition of `predictions`."""

    memory_entries: Annotated[int, Field(ge=1)] = 100_000
    """Events held in memory, about a kilobyte each; the others are on local disk."""
    park_after: Annotated[int, Field(ge=1)] = 50_000
    """An answer with so many newer ones is put by, so that a restart need not read back to it."""


class Windows(Section):
    """Ranges of event time, aligned to the epoch, over which figures are computed."""

    length: Duration = 3_600_000
    bucket: Duration | None = None
    """What alarms look at; divides `length`; default a twelfth of it."""
    segments: tuple[str, ...] = ()
    """Features whose values each get figures of their own: booleans, and categories with `values`."""

    @property
    def bucket_ms(self) -> int:
        """The bucket's length in milliseconds."""
        return self.length // BUCKETS_A_WINDOW if self.bucket is None else self.bucket

    @model_validator(mode="after")
    def _bucket_divides_length(self) -> Self:
        if self.length % self.bucket_ms or (self.bucket is None and self.length % BUCKETS_A_WINDOW):
            raise ValueError("`bucket` must divide `length` (without it, 12 buckets a window)")
        return self

    @model_validator(mode="after")
    def _segments_are_distinct(self) -> Self:
        if len(set(self.segments)) < len(self.segments):
            raise ValueError("`segments` names a feature twice")
        return self


class Monitor(Section):
    """What the monitor publishes, and how much it keeps."""

    running_every: Duration = 5_000
    """How often, by the clock, the figures of windows that are not final come, where they have changed."""
    windows_kept: Annotated[int, Field(ge=1)] = 100_000
    """Windows, each of a version, a role and a segment, that can be restated; the oldest are forgotten."""
    buckets_kept: Annotated[int, Field(ge=1)] = 20_000
    """Buckets of a version and a role that may wait for their labels; alarms do not hear of more."""


DetectorName = Literal[
    "e-sr", "lifetime", "adwin", "page-hinkley", "kswin", "ddm", "eddm", "hddm-a", "hddm-w"
]


class RetrainBudget(Section):
    """How many retrains the loop may ask for because of alarms."""

    every: Annotated[int, Field(ge=0)] = 4_500
    """Events that were served, for each of which there is one more; 0 for no limit."""
    burst: Annotated[int, Field(ge=1)] = 2
    """How many may be saved up, and how many there are at first: a first one, and a better one soon."""


class Decisions(Section):
    """When the loop acts."""

    detector: DetectorName = "e-sr"
    """What rings when the error rises; `e-sr` and `lifetime` alone promise anything about false alarms."""
    false_alarm_every: Annotated[int, Field(ge=10)] = 10_000
    """Labelled events between two false alarms, on average: of `e-sr`."""
    false_alarm_risk: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """How probable a false alarm may be in a version's whole life: of `lifetime`."""
    autocorrelated: bool = False
    """Whether losses hang together in time, so that these two would promise too much: their evidence is then
    weighed by how much more cohorts of losses vary than if each was drawn by itself."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """How much worse than at its gate a version's error may be before that counts as a change."""
    retrain_from: Annotated[int, Field(ge=1)] = 250
    """Labels since the change at which a retrain is asked for again; then at so many more, or at a third
    more. A version that was promoted for halving the error is followed by one more, at 1,000."""
    challenge_from: Annotated[int, Field(ge=0)] = 2_000
    """Labels without a retrain at which a challenger is trained though no alarm has rung, then at twice as
    many, up to eight times; 0 for never. It is promoted where it is better, which is wrong with probability
    `alpha` at most, over all challengers of a champion together."""
    probation: Annotated[int, Field(ge=0)] = 500
    """Labels after a promotion during which the version before answers along, and may come back."""
    cooldown: Annotated[int, Field(ge=0)] = 250
    """Labels after a change of champion before the loop asks for another, but for a rollback on probation and
    for a retrain that follows a promotion by the same alarm, on more labels since the change."""
    retrain_budget: RetrainBudget = RetrainBudget()
    """How often alarms may ask for a retrain; what is over it is asked for later."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """How probable a wrong verdict on two versions may be: a rollback from one that is no worse; over all
    challengers of a champion together, the promotion of one that is worse by more than `margin`."""
    strategy: Literal["blue-green", "canary", "shadow", "auto"] = "blue-green"
    """What a challenger that passed its gate begins with: all traffic, a share of it, or none. The latter two
    take the champion's place when labels have shown them no worse. `auto` picks the one with the most traffic
    that keeps within `errors_at_risk`, and says why."""
    errors_at_risk: Annotated[float, Field(ge=0)] = 100
    """How many errors more than the champion a challenger may make before labels can tell that it is as bad
    as its gate leaves room for: of `auto`. The dearer an error, the fewer."""
    approval: Literal["automatic", "manual"] = "automatic"
    """`manual`: a promotion that the loop comes to waits for an operator's `approve` or `reject`. A rollback
    never waits, nor does taking out a challenger that is worse, nor what an operator asks for."""
    canary_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The share of events that a canary serves."""
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """By how much a challenger's error may exceed the champion's and count as no worse."""
    trial: Annotated[int, Field(ge=1)] = 10_000
    """Labelled events that both answered, after which a trial without a verdict is inconclusive."""
    least_apart: Annotated[int, Field(ge=0)] = 20
    """Labelled events on which the two differed, before a challenger may be promoted."""

    def share(self, strategy: Literal["blue-green", "canary", "shadow"]) -> float | None:
        """Of the traffic, that a challenger on trial serves; None where it is not put on trial."""
        return {"blue-green": None, "canary": self.canary_share, "shadow": 0.0}[strategy]


WarningKind = Literal["feature", "quality", "coverage", "score"]


class Watch(Section):
    """What is warned of without labels (inputs, scores, coverage not as they were), or on those so far."""

    enabled: bool = True
    false_discovery: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """The share of stretches of a stream in which nothing moves that may have a false warning."""
    least_effect: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The distance (Jensen's and Shannon's, in bits) up to which a distribution has not moved: for normal
    numbers a quarter of a standard deviation, for a share of 10 % a rise to 18 %."""
    least_rows: Annotated[int, Field(ge=20)] = 200
    """Events in a stretch that is looked at; windows with fewer are looked at together."""
    early: bool = False
    """Whether the labels that have come so far may warn of the error before the others have: on `drift` as an
    `error` with the detector `running-error`, and without any guarantee."""
    retrain: Annotated[
        tuple[WarningKind, ...],
        BeforeValidator(
            lambda given: () if given is False else given,
            json_schema_input_type=Literal[False] | tuple[WarningKind, ...],
        ),
    ] = ()
    """false, or the kinds of warnings that ask for a retrain, one an excursion. It learns from labels that
    have come already, few of them since what is warned of, and meets the same gate."""


OnlineFamily = Literal["hoeffding-tree", "adaptive-forest", "naive-bayes", "online-linear"]
ONLINE: tuple[OnlineFamily, ...] = get_args(OnlineFamily)
"""River's: a version of theirs learns on from labels as they come."""
Family = Literal[
    "linear", "lasso", "elastic-net", "sgd", "svm", "tree", "forest", "boosting", "mlp", "convolutional",
    "recurrent", OnlineFamily,
]  # fmt: skip
"""`linear` (logistic, or least squares) has an L2 penalty, `lasso` L1, `elastic-net` both; `sgd` learns the
same by stochastic gradient descent. `svm` is a support vector machine, `mlp` a multilayer perceptron;
`convolutional` and `recurrent` are networks that read array features, and need the extra `deep`."""
OF_ARRAYS: frozenset[Family] = frozenset({"convolutional", "recurrent"})


class Training(Section):
    """How a version is trained."""

    families: Annotated[tuple[Family, ...], Field(min_length=1)] = ("linear", "tree", "forest", "boosting")
    """What is tried; the last four of those allowed, river's, learn on from labels as they come."""
    snapshot_every: Annotated[int, Field(ge=0)] = 1_000
    """Labelled events of a champion of river's families after which it has learned on from them, and becomes
    a new version if that is better on the newest; 0 for never."""
    folds: Annotated[int, Field(ge=2, le=20)] = 3
    """Time-ordered folds of the search: each is judged on rows after those it learned from."""
    trials: Annotated[int, Field(ge=1)] | None = None
    """The most candidates that are tried: of every family the first, then of every family the second, and so
    on; default all."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """After these no further candidate is tried, and the best so far is taken; how many that are depends on
    the machine. Default without end."""
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """The newest share of the rows, on which the version's error is measured."""
    seed: int = 0
    rows: Annotated[int, Field(ge=50)] = 20_000
    """The most labelled events, the newest, that a retrain learns from."""
    time_limit: Duration = 600_000
    """A retrain that takes longer is given up, and the champion stays."""


Share = Annotated[float, Field(ge=0, le=1)]


class Data(Section):
    """What the rows of a training have to be like.

    Where they break a limit it is refused, and the champion stays. A limit that is not set is none.
    """

    least_rows: Annotated[int, Field(ge=1)] = 50
    """The fewest rows."""
    repeats: Literal["keep", "leave-out"] = "keep"
    """What becomes of a row whose features and label are those of an earlier one."""
    most_repeats: Share | None = None
    """The largest share of such rows."""
    most_contradictions: Share | None = None
    """The largest share of rows whose features another row has with another label."""
    most_broken: Share = 0.0
    """The largest share of a file's rows with a cell that is not of its type; such rows are left out."""
    most_missing: Share | None = None
    """The largest share of rows in which one feature is missing."""
    least_minority_share: Share | None = None
    """The smallest share of the rarest class, 0 for one that no row has."""
    most_leakage: Share | None = None
    """How much of the label one feature may tell alone: the share of the best constant's loss that it takes
    away, 1 for a feature that is the label."""
    most_age: Duration | None = None
    """How long ago the newest labelled event may be, where the rows have times."""


class Registry(Section):
    """Where artefacts are kept, and who may say which of them serve."""

    url: Annotated[str, Field(min_length=1)] = "registry"
    """A folder beside the file, or an fsspec URL."""
    signing_key: str | None = None
    """A file beside this one, with the private key that the trainer signs with; `SCORELOOP_SIGNING_KEY` names
    another. `scoreloop keys init` makes one. Only who runs the trainer or `train` needs it."""
    public_keys: tuple[str, ...] = ()
    """Who may sign versions and roles: keys (`ed25519:…`), or files beside this one with a key a line.
    Without any nothing is signed or checked; with one, what is not signed by any of them is refused."""
    environment: Literal["warn", "refuse"] = "warn"
    """What a scorer does with a version that was made with other packages, or on another kind of machine."""
    allow_pickle: bool = False
    """Whether signed artefacts in joblib's format, which can run any code as they are opened, may be."""

    @model_validator(mode="after")
    def _pickle_is_signed(self) -> Self:
        if self.allow_pickle and not self.public_keys:
            raise ValueError("`allow_pickle` needs `public_keys`: only what is signed is opened")
        return self


class Settings(Section):
    """One stream, as its `stream.toml` says, with every default filled in."""

    model_config = ConfigDict(title="scoreloop stream.toml", ignored_types=(cached_property,))

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    task: Literal["classification", "regression"]
    kafka: Kafka = Kafka()
    features: Annotated[Features, Field(min_length=1)]
    labels: Labels = Labels()
    windows: Windows = Windows()
    monitor: Monitor = Monitor()
    decisions: Decisions = Decisions()
    drift: Watch = Watch()
    registry: Registry = Registry()
    topics: Topics = Topics()
    limits: Limits = Limits()
    scoring: Scoring = Scoring()
    joining: Joining = Joining()
    preparation: Preparation = Preparation()
    training: Training = Training()
    data: Data = Data()

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        if self.task == "classification" and self.labels.classes is None:
            raise ValueError(
                '[labels] classes: a classification needs them, such as classes = ["fraud", "ok"]'
            )
        if self.task == "regression" and self.labels.classes is not None:
            raise ValueError(
                '[labels] classes: a regression has none; remove them or set task = "classification"'
            )
        if self.task == "regression" and "naive-bayes" in self.training.families:
            raise ValueError(
                '[training] families: "naive-bayes" knows classes only; a regression learns online by '
                '"hoeffding-tree", "adaptive-forest" or "online-linear"'
            )
        for name in self.windows.segments:
            if name not in self.features:
                raise ValueError(f"[windows] segments: {name!r} is no feature")
            feature = self.features[name]
            if feature.type != "boolean" and feature.values is None:
                raise ValueError(
                    f"[windows] segments: {name!r} is neither a boolean nor a category with `values`; "
                    "give it `values`, or leave it out"
                )
        check(self.preparation, self.features)
        if deep := OF_ARRAYS.intersection(self.training.families):
            self._suits_networks(min(deep))
        return self

    def _suits_networks(self, family: Family) -> None:
        if not any(feature.shape for feature in self.features.values()):
            raise ValueError(f"[training] families: {family!r} reads array features, and there is none")
        if self.preparation.selection is not None:
            raise ValueError(
                f"[preparation] selection: {family!r} needs whole arrays; remove the one or the other"
            )

    @cached_property
    def schema_sha256(self) -> str:
        """SHA-256 of task, features and classes; a version serves only the schema it was trained for."""
        return schema_sha256(self.task, self.features, self.labels.classes)

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes of a classification, none for a regression."""
        return self.labels.classes or ()

    @property
    def positive_index(self) -> int:
        """The index of the positive class: the last, unless the settings name another; 0 for a regression."""
        wanted = self.labels.positive
        found = (i for i, c in enumerate(self.classes) if wanted is not None and same_label(c, wanted))
        return next(found, max(len(self.classes) - 1, 0))


def keras_on_jax() -> None:
    """Tell Keras, before it is imported, by which backend it computes, unless the environment says so."""
    os.environ.setdefault("KERAS_BACKEND", "jax")


def read_toml(path: Path, if_missing: str = "") -> dict[str, Any]:
    """What the file says; `if_missing` ends the sentence where there is none.

    Raises:
        ScoreloopError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScoreloopError(f"{path}: no such file{if_missing}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScoreloopError(f"{path}: cannot be read as TOML: {error}") from None


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `path`.

    `SCORELOOP_BOOTSTRAP_SERVERS` overrides the file's servers, `SCORELOOP_SIGNING_KEY` its signing key. A
    registry that is no URL is taken as a folder beside the file, and so are the files that hold keys.

    Raises:
        ScoreloopError: the file is missing or no TOML, or a key is unknown, of a wrong type or contradictory:
            the sentence names the file, the key and what is allowed.
    """
    document = read_toml(path, "; `scoreloop init` writes one from a CSV")
    if servers := environ.get(BOOTSTRAP_VARIABLE):
        _override(document, "kafka", "bootstrap_servers", servers)
    if signing_key := environ.get(SIGNING_KEY_VARIABLE):
        _override(document, "registry", "signing_key", str(Path(signing_key).absolute()))
    return _checked(document, path)


def _override(document: dict[str, Any], section: str, key: str, value: str) -> None:
    if isinstance(table := document.setdefault(section, {}), dict):
        table[key] = value


def _checked(document: dict[str, Any], path: Path) -> Settings:
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise ScoreloopError(f"{path}: {sentence(error, Settings)}") from None
    folder, registry = path.resolve().parent, settings.registry
    found = {
        "url": registry.url if "://" in registry.url else str(folder / registry.url),
        "signing_key": registry.signing_key and str(folder / registry.signing_key),
        "public_keys": tuple(key for entry in registry.public_keys for key in _keys(entry, folder, path)),
    }
    return settings.model_copy(update={"registry": registry.model_copy(update=found)})


def _keys(entry: str, folder: Path, path: Path) -> list[str]:
    """The public keys that an entry is, or that stand in the file that it names."""
    where = f"{path}: [registry] public_keys: {entry!r:.100}"
    found = [entry]
    if not entry.startswith(PUBLIC_KEY_PREFIX):
        try:
            lines = (folder / entry).read_text(encoding="ascii").splitlines()
        except (OSError, ValueError) as error:
            raise ScoreloopError(f"{where} is neither a key nor a file that can be read: {error}") from None
        found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found or not all(map(_PUBLIC_KEY.fullmatch, found)):
        raise ScoreloopError(f"{where} is no key: `{PUBLIC_KEY_PREFIX}` and 32 bytes in Base64")
    return found
