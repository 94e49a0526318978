"""Rows to hold an event against: of those that its version learned from, else its golden rows."""

from collections.abc import Sequence
from typing import NamedTuple

from consumers.trainer.learned import learned_rows
from events.errors import ScoreloopError
from events.records import Manifest
from events.settings import Settings
from models.explaining import BACKGROUND
from models.frame import Row
from models.golden import golden_rows
from models.registry import Registry


class Background(NamedTuple):
    """At least one row, and where they are from, for a person."""

    rows: Sequence[Row]
    origin: str


def background(settings: Settings, manifest: Manifest, registry: Registry) -> Background:
    """What there is of a version.

    Raises:
        ScoreloopError: there is nothing.
    """
    try:
        learned, _ = learned_rows(settings, manifest, registry)
        chosen = learned[:: -(-len(learned) // BACKGROUND)]
        return Background(chosen, f"{len(chosen)} of the {len(learned):,} rows that it learned from")
    except ScoreloopError as error:
        rows = golden_rows(manifest.golden, settings.features)
        if not rows:
            raise ScoreloopError(f"there is nothing to hold the event against: {error}") from None
        return Background(rows, f"its {len(rows)} golden rows ({error})")
