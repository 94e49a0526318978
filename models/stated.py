"""What a manifest keeps of a version's past, as JSON, and what is read of it again."""

from typing import Any, Self

import msgspec
from msgspec import Struct


class Stated(Struct, frozen=True):
    """Stands in a manifest."""

    @classmethod
    def found(cls, stated: Any) -> Self | None:
        """What a manifest states; None where that is nothing of the kind."""
        try:
            return msgspec.convert(stated, cls)
        except msgspec.ValidationError:
            return None

    def stated(self) -> dict[str, Any]:
        """JSON for a manifest."""
        stated: dict[str, Any] = msgspec.to_builtins(self)
        return stated
