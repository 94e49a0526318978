"""Rows to learn from, out of `outcomes`."""

import json
import random
from typing import Any

from samples import settings

from models.labelled import newest

STREAM = settings(features={"x": "number", "c": {"type": "category", "nullable": True}})


def outcome(i: int, **fields: Any) -> bytes:
    return json.dumps(
        {
            "event_id": f"e-{i}", "prediction_id": f"0-{i}", "ts": i, "scored_ts": i, "model_version": 1,
            "role": "champion", "prediction": "ok", "probabilities": {"ok": 1.0}, "label": "fraud",
            "features": {"x": i, "c": "NO"}, "label_ts": i, "loss": 1, "status": "matched", **fields,
        }
    ).encode()  # fmt: skip


def test_served_events_with_a_label_in_order_of_time_whatever_the_order_of_reading() -> None:
    values = [
        outcome(5, role="canary"), outcome(3), outcome(4, role="shadow"),
        outcome(9, status="expired", label=None),
        outcome(1, features={"x": 1.5}), outcome(2, features={"x": "old"}), b"{", outcome(7, ts=3),
    ]  # fmt: skip
    found = newest(STREAM, values, 10)
    assert found.rows == [(1.5, None), (3.0, "NO"), (7.0, "NO"), (5.0, "NO")]
    assert (found.labels, found.ts) == (["fraud"] * 4, [1, 3, 3, 5])
    for seed in range(5):
        random.Random(seed).shuffle(values)
        assert newest(STREAM, values, 10) == found
    assert newest(STREAM, values, 2).rows == found.rows[-2:]


def test_a_label_keeps_its_json_type() -> None:
    given = [outcome(i, label=label) for i, label in enumerate([1, 1.0, "1", True])]
    assert list(map(repr, newest(STREAM, given, 9).labels)) == ["1", "1.0", "'1'", "True"]
