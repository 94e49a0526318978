"""`outcomes`: a prediction's record with what it turned out to be, and back.

A matched or expired answer repeats its prediction's record byte for byte, so that no number is written anew.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from events.records import Role

_encode = msgspec.json.Encoder().encode
_EXPIRED = b',"label":null,"label_ts":null,"loss":null,"status":"expired"}'


class Settled(Struct, frozen=True, gc=False):
    """What a restart asks of an outcome."""

    event_id: str
    prediction_id: str
    ts: int
    model_version: int
    role: Role
    label: Any
    label_ts: int | None
    loss: float | None
    status: Literal["matched", "expired"]


settled = msgspec.json.Decoder(Settled).decode
"""The `Settled` in a record of `outcomes`."""


def matched(prediction: bytes, label: Any, label_ts: int, loss: float) -> bytes:
    """The outcome of the answer in the record `prediction`, whose label came in time."""
    return b'%b,"label":%b,"label_ts":%d,"loss":%b,"status":"matched"}' % (
        _open(prediction), _encode(label), label_ts, _encode(loss),
    )  # fmt: skip


def expired(prediction: bytes) -> bytes:
    """The outcome of the answer in the record `prediction`, whose horizon passed without a label."""
    return _open(prediction) + _EXPIRED


def _open(prediction: bytes) -> bytes:
    """A JSON object without its last brace."""
    return prediction.rstrip()[:-1]
