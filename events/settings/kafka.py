"""Where the brokers are, and what topics are made with."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from events.schema import Section

DEFAULT_BOOTSTRAP = "127.0.0.1:9092"

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
