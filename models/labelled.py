"""Labelled events to learn from, in order of event time, as `outcomes` has them."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from events.feature_codec import features_type
from events.records import Role
from events.schema import Label
from events.settings import Settings
from models.frame import Row

_SERVED = {"champion", "canary"}


@dataclass(frozen=True)
class Labelled:
    """Rows, what each turned out to be, and when it happened (milliseconds): the oldest first."""

    rows: list[Row]
    labels: list[Label]
    ts: list[int]


class _Outcome(Struct, frozen=True, gc=False):
    event_id: str
    ts: int
    role: Role
    status: str
    label: Any
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
