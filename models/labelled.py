"""Labelled events to learn from, in order of event time, as `outcomes` has them."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from events.feature_codec import features_type
from events.records import Role
from events.schema import Label
from events.settings import Settings
from models.dataset import Dataset
from models.frame import Row

_SERVED = {"champion", "canary"}


@dataclass(frozen=True)
class Labelled:
    """Rows, what each turned out to be, and when it happened (milliseconds): the oldest first."""

    rows: list[Row]
    labels: list[Label]
    ts: list[int]
    label_ts: list[int] = field(default_factory=list)
    """When each label became known; nothing where that is not known."""

    def dataset(self, settings: Settings) -> Dataset:
        """The rows as they are looked at before a training."""
        return Dataset(settings, self.rows, self.labels, self.ts, self.label_ts)

    def at(self, positions: Sequence[int]) -> "Labelled":
        """Only the rows at these positions, in their order."""
        label_ts = [self.label_ts[i] for i in positions] if self.label_ts else []
        rows, labels = [self.rows[i] for i in positions], [self.labels[i] for i in positions]
        return Labelled(rows, labels, [self.ts[i] for i in positions], label_ts)


class _Outcome(Struct, frozen=True, gc=False, kw_only=True):
    event_id: str
    ts: int
    role: Role
    status: str
    label: Any
    label_ts: int | None = None
    features: Struct


def newest(settings: Settings, outcomes: Iterable[bytes], most: int) -> Labelled:
    """The newest `most` events among `outcomes` that were served and have a label, each once.

    Shadows answered the same events again and are left out, as is what was scored for another schema. The
    same outcomes, in whatever order they come, give the same rows. Memory holds `most` of them.
    """
    found = heapq.nlargest(most, _served(settings, outcomes), key=lambda one: (one.ts, one.event_id))
    found.reverse()
    return Labelled(
        rows=[astuple(one.features) for one in found],
        labels=[one.label for one in found],
        ts=[one.ts for one in found],
        label_ts=[one.label_ts or one.ts for one in found],
    )


def _served(settings: Settings, outcomes: Iterable[bytes]) -> Iterator[_Outcome]:
    outcome = msgspec.defstruct(
        "Outcome",
        [("features", features_type(settings.features, strict=False))],
        bases=(_Outcome,),
        frozen=True,
        gc=False,
        kw_only=True,
    )
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(outcome)
    for value in outcomes:
        try:
            one = decoder.decode(value)
        except msgspec.DecodeError:
            continue  # of another schema
        if one.status == "matched" and one.role in _SERVED:
            yield one
