"""The shelf, in memory and on disk: every entry comes when it is due, once, and none before."""

import random

import pytest

from consumers.join.entry import Entry, Waiting
from consumers.join.shelf import Shelf

HORIZON = 100


def entry(ts: int) -> Entry:
    return Entry(answers=(Waiting(f"0-{ts}", ts, 1, "champion", ts, b"{}"),))


def changed(known: Entry, chance: random.Random) -> None:
    """Its due time moves to later or to earlier, or it is empty."""
    match chance.choice(["joined", "another", "none"]):
        case "joined":
            known.answers, known.joined = (), "0-0"
            known.forget = known.due(HORIZON) + chance.randint(0, 300)
        case "another":
            known.answers += entry(chance.randint(0, 1_000)).answers
        case "none":
            known.answers, known.joined = (), None


@pytest.mark.parametrize("memory", [1, 7, 1_000])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_due_comes_and_nothing_else(seed: int, memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.join.shelf._SPARE", 0)  # so that the queue is made anew here too
    chance, shelf, expected = random.Random(seed), Shelf(HORIZON, memory), dict[str, int]()
    for watermark in range(0, 1_500, 15):
        for _ in range(20):
            event_id = f"e-{chance.randint(0, 60)}"
            if chance.random() < 0.5:
                shelf.fetch([event_id, "never came"])
            known = shelf.get(event_id)
            assert (None if known is None else known.due(HORIZON)) == expected.get(event_id)
            if known is None:
                known = entry(watermark + chance.randint(-50, 50))
            else:
                changed(known, chance)
            shelf.put(event_id, known)
            expected.pop(event_id, None)
            if not known.empty:
                expected[event_id] = known.due(HORIZON)
        came = []
        for event_id, known in shelf.due(watermark):
            came.append(event_id)
            known.answers, known.joined = (), None
            shelf.put(event_id, known)
        assert sorted(came) == sorted(e for e, due in expected.items() if due < watermark)
        expected = {e: due for e, due in expected.items() if due >= watermark}
        shelf.trim()
        assert len(shelf) == len(expected)
    assert expected
