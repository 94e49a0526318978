"""The stream's settings, a file a section, and what reads them: `stream.toml` and the environment."""

from events.settings.data import Data
from events.settings.decisions import Decisions, DetectorName
from events.settings.flow import Limits
from events.settings.kafka import DEFAULT_BOOTSTRAP, Kafka, Property
from events.settings.reading import (
    BOOTSTRAP_VARIABLE,
    MLFLOW_VARIABLE,
    PUBLIC_KEY_PREFIX,
    SIGNING_KEY_VARIABLE,
    keras_on_jax,
    load,
    mlflow_in_time,
    read_toml,
)
from events.settings.registry import Registry
from events.settings.stream import Settings
from events.settings.training import OF_ARRAYS, ONLINE, Family, Training
from events.settings.watch import WarningKind
from events.settings.windows import BUCKETS_A_WINDOW

__all__ = [
    "BOOTSTRAP_VARIABLE",
    "BUCKETS_A_WINDOW",
    "DEFAULT_BOOTSTRAP",
    "MLFLOW_VARIABLE",
    "OF_ARRAYS",
    "ONLINE",
    "PUBLIC_KEY_PREFIX",
    "SIGNING_KEY_VARIABLE",
    "Data",
    "Decisions",
    "DetectorName",
    "Family",
    "Kafka",
    "Limits",
    "Property",
    "Registry",
    "Settings",
    "Training",
    "WarningKind",
    "keras_on_jax",
    "load",
    "mlflow_in_time",
    "read_toml",
]
