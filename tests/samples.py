"""Settings and records that several tests share."""

from dataclasses import dataclass
from typing import Any

from events.settings import Settings

CLASSIFICATION: dict[str, Any] = {
    "name": "payments",
    "task": "classification",
    "features": {
        "amount": "number",
        "age": {"type": "integer", "nullable": True},
        "country": {"type": "category", "values": ["NO", "SE"]},
        "shop": {"type": "category", "nullable": True},
        "new": {"type": "boolean", "nullable": True},
        "history": {"type": "number", "shape": [2]},
    },
    "labels": {"classes": ["fraud", "ok"], "positive": "fraud", "horizon": "48h"},
}


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({**CLASSIFICATION, **changes})


@dataclass
class Record:
    """A record as a consumer gives it."""

    data: bytes | None
    at: int = 0
    part: int = 0
    ts: int = 1_700_000_000_000
    name: bytes | None = b"key"
    of: str = "payments.features"

    def topic(self) -> str:
        return self.of

    def partition(self) -> int:
        return self.part

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return (1, self.ts)

    def key(self) -> bytes | None:
        return self.name

    def value(self) -> bytes | None:
        return self.data

    def error(self) -> None:
        return None
