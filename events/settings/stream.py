"""One stream: its sections, and that they agree."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from events.schema import Features, Label, Labels, Section, same_label, schema_sha256
from events.settings.data import Data
from events.settings.decisions import Decisions
from events.settings.flow import Joining, Limits, Scoring
from events.settings.kafka import Kafka, Topics
from events.settings.mlflow import Mlflow
from events.settings.preparation import Preparation, check
from events.settings.registry import Registry
from events.settings.training import OF_ARRAYS, Family, Training
from events.settings.watch import Watch
from events.settings.windows import Monitor, Windows


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
    mlflow: Mlflow = Mlflow()
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
