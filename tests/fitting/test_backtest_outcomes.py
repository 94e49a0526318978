"""A stream's own events as a backtest's past: the same as a feed of the rows that they were."""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from backtests import FIRST, START, stream, written

from backtest import outcomes
from backtest.history import History
from backtest.outcomes import of_outcomes
from backtest.past import Past, of_rows
from events.errors import ScoreloopError
from events.topics import Topic
from producers.rows import open_rows
from producers.schedule import Timeline

DELAY = 7_000


class Read:
    """A record as a consumer gives it."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = msgspec.json.encode(value)

    def value(self) -> bytes:
        return self._value


def answered(i: int, row: tuple[Any, ...], role: str = "champion", **more: Any) -> dict[str, Any]:
    """The event of a row, in one of two partitions."""
    return {
        "event_id": f"world-{i}", "prediction_id": f"{i % 2}-{i // 2}", "ts": START + i * 1_000,
        "scored_ts": 0, "model_version": 1, "role": role,
        "prediction": 0, "probabilities": {"0": 1.0, "1": 0.0},
        "features": dict(zip("xy", row, strict=True)), **more,
    }  # fmt: skip


def past(patch: pytest.MonkeyPatch, first: int, most: int, **read: list[dict[str, Any]]) -> Past:
    def records(_settings: object, topic: Topic, _show: object) -> list[Read]:
        return [Read(value) for value in read[topic.name]]

    patch.setattr(outcomes, "_read", records)
    return of_outcomes(stream(), first, most, lambda *_: nullcontext(lambda _: None))


def said(history: History) -> dict[str, Any]:
    """All that policies meet."""
    records = [
        [(r.timestamp(), r.key(), r.value()) for r in some] for some in (history.events, history.labels)
    ]
    return {**asdict(history), "events": records[0], "labels": records[1]}


def test_a_stream_s_events_are_the_past_that_its_rows_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = open_rows(written(tmp_path, end=900))
    timeline = Timeline("world", START, 1_000, DELAY)
    wanted = of_rows(stream(), rows, FIRST, timeline, missing=0.3, seed=5)
    labelled = set(wanted.history.of) | set(range(len(wanted.history) - DELAY // 1_000, len(wanted.history)))
    read: dict[str, list[dict[str, Any]]] = {"outcomes": [], "predictions": []}
    for i, row in enumerate([*wanted.examples.rows, *wanted.history.rows]):
        read["predictions"].append(answered(i, row))
        truth = wanted.examples.labels[i] if i < FIRST else wanted.history.truths[i - FIRST]
        if i < FIRST or i - FIRST in labelled:
            ts = START + i * 1_000 + DELAY
            matched = {"label": truth, "label_ts": ts, "loss": 0, "status": "matched"}
            read["outcomes"].insert(0, answered(i, row, **matched))
        elif i < 800:
            expired = {"label": None, "label_ts": None, "loss": None, "status": "expired"}
            read["outcomes"].append(answered(i, row, **expired))
        read["outcomes"].append(answered(i, row, "shadow", label=None, label_ts=None, status="expired"))
    found = past(monkeypatch, FIRST, 10_000, **read)
    assert (found.examples.rows, found.examples.labels) == (wanted.examples.rows, wanted.examples.labels)
    known = [t if i in labelled else None for i, t in enumerate(wanted.history.truths)]
    assert said(found.history) == {**said(wanted.history), "truths": known}, "waiting ones, too"
    newest = past(monkeypatch, 50, 300, **read)
    assert newest.history.times == wanted.history.times[-250:]
    assert newest.history.of == [i - 250 for i in wanted.history.of if i >= 250]


def test_a_label_comes_no_earlier_than_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    early = {"label": 1, "label_ts": START, "loss": 0, "status": "matched"}
    events = [
        answered(i // 2 * 2, (0.0, 0.0), event_id=f"e-{i}", prediction_id=f"0-{i}", **early) for i in range(6)
    ]
    found = past(monkeypatch, 2, 100, outcomes=events, predictions=[]).history
    assert found.times == [START + 2_000] * 2 + [START + 4_000] * 2
    assert (found.of, found.known) == ([0, 1, 2, 3], [0, 1, 2, 3])
    assert [label.timestamp() for label in found.labels] == [(1, START)] * 4


def test_too_few_events_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**answered(0, (0.0, 0.0)), "features": {"z": 1}}
    with pytest.raises(ScoreloopError, match="no event by this schema"):
        past(monkeypatch, 1, 9, outcomes=[other], predictions=[])
    with pytest.raises(ScoreloopError, match="of 1 rows the first 5 are for the first version"):
        past(monkeypatch, 5, 9, outcomes=[answered(0, (0.0, 0.0))], predictions=[])
