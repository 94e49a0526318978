"""The join of one partition, without a broker: what each label and each prediction ends as."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from samples import settings

from consumers.join.entry import Entry, Known
from consumers.join.ledger import Ledger
from consumers.join.parking import Parking, event_of, restore
from consumers.join.partition import Partition
from consumers.join.shelf import Shelf
from events.internal import LABELS_KEY, Finish, LabelCounts
from events.outputs import Outputs

HORIZON = 100
STREAM = settings(
    features={"amount": "number"}, labels={"classes": ["fraud", "ok"], "horizon": f"{HORIZON}ms"}
)


class Join:
    """One partition's join, with everything that it has written so far."""

    def __init__(self, memory: int = 1_000) -> None:
        self.ledger, self.parking = Ledger(STREAM), Parking()
        self.partition = Partition(HORIZON, Shelf(HORIZON, memory), self.parking, self.ledger)
        self.outcomes: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.letters: list[tuple[str, bytes | None]] = []
        self.parked: dict[str, bytes | None] = {}
        self.offset = 0

    def answer(self, event: str, ts: int, source: str = "", role: str = "champion", version: int = 1) -> None:
        record = {
            "event_id": event, "prediction_id": source or f"0-{self.offset}", "ts": ts, "scored_ts": 0,
            "model_version": version, "role": role, "prediction": "ok", "features": {"amount": 1.0},
            "probabilities": {"fraud": 0.25, "ok": 0.75},
        }  # fmt: skip
        self.partition.answer(*self.ledger.arrived(json.dumps(record).encode(), self.offset))
        self.offset += 1
        self._write()

    def label(self, event: str, ts: int, label: str = "ok", source: int = 0) -> None:
        known = Known(3, source, 7, b"key", f"{event} is {label}".encode(), label, ts)
        self.partition.label(event, known)
        self._write()

    def watermark(self, watermark: int) -> None:
        self.partition.pass_watermark(watermark, 10_000)
        self._write()

    def finish(self, features: dict[int, int], labels: dict[int, int] | None = None) -> None:
        for event in list(self.partition.shelf.event_ids()):
            self.partition.finish(event, Finish(ts=0, features=features, labels=labels or {}))
        self._write()

    @property
    def waiting(self) -> tuple[int, int, int]:
        return self.partition.predictions, self.partition.shadows, self.partition.labels

    @property
    def ends(self) -> list[tuple[str, str, Any]]:
        """What each answer ended as, in the order in which it did."""
        return [(o["event_id"], o["status"], o["label"]) for o in self.outcomes]

    def _write(self) -> None:
        outputs = Outputs()
        self.ledger.add_to(outputs, (), read=0, refused=0)
        self.partition.shelf.trim()
        self.outcomes += [json.loads(m["value"]) for m in outputs.many.get("payments.outcomes", [])]  # type: ignore[arg-type]
        for message in outputs.many.get("payments.internal.tallies", []):
            if message["key"] == LABELS_KEY:
                counts = LabelCounts.model_validate_json(message["value"])  # type: ignore[arg-type]
                self.counts.update({k: v for k, v in counts.model_dump().items() if v})
        for letter in outputs.single:
            self.letters.append((dict(letter.headers)["reason"].decode(), letter.value))
        for record in self.parking.messages():
            self.parked[record["key"].decode()] = record["value"]  # type: ignore[union-attr,assignment]


def test_a_label_in_time_matches_whichever_comes_first() -> None:
    join = Join()
    join.answer("a", 1_000)
    join.label("a", 1_000 + HORIZON, "fraud")
    join.label("b", 1_010)
    assert join.waiting == (0, 0, 1)
    join.answer("b", 1_000)
    assert join.ends == [("a", "matched", "fraud"), ("b", "matched", "ok")]
    assert [(o["loss"], o["label_ts"]) for o in join.outcomes] == [(1, 1_100), (0, 1_010)]
    assert join.counts == {"matched": 2}
    assert join.waiting == (0, 0, 0)
    assert {k: v for k, v in join.parked.items() if v is not None} == {}


def test_an_outcome_repeats_its_prediction() -> None:
    join = Join()
    join.answer("a", 5, source="2-17", version=3)
    join.label("a", 6)
    (outcome,) = join.outcomes
    assert outcome == {
        "event_id": "a", "prediction_id": "2-17", "ts": 5, "scored_ts": 0, "model_version": 3,
        "role": "champion", "prediction": "ok", "features": {"amount": 1.0},
        "probabilities": {"fraud": 0.25, "ok": 0.75},
        "label": "ok", "label_ts": 6, "loss": 0, "status": "matched",
    }  # fmt: skip


def test_a_prediction_expires_when_the_watermark_has_passed_its_horizon_and_no_sooner() -> None:
    join = Join()
    join.answer("a", 1_000)
    join.watermark(1_000 + HORIZON)
    assert join.ends == []
    join.watermark(1_001 + HORIZON)
    assert join.ends == [("a", "expired", None)]
    assert join.outcomes[0]["loss"] is None
    join.label("a", 1_001)
    assert join.counts == {"late": 1}


def test_a_label_later_than_the_horizon_is_late_and_its_prediction_expires() -> None:
    join = Join()
    join.answer("a", 1_000)
    join.label("a", 1_001 + HORIZON)
    join.label("a", 1_000, "fraud")  # the first label was another
    assert join.ends == []
    join.watermark(1_101)
    assert join.ends == [("a", "expired", None)]
    assert join.counts == {"late": 1, "conflicts": 1}


def test_the_first_label_wins_and_others_are_told_apart() -> None:
    join = Join()
    join.label("a", 1_000, "fraud")
    join.label("a", 1_000, "fraud")
    join.label("a", 1_000, "ok")
    join.answer("a", 1_000)
    join.label("a", 1_001, "fraud")
    join.label("a", 1_001, "ok")
    assert join.ends == [("a", "matched", "fraud")]
    assert join.counts == {"matched": 1, "repeats": 2, "conflicts": 2}
    assert join.letters == [("conflicting-label", b"a is ok")] * 2


def test_a_label_without_a_prediction_becomes_an_orphan() -> None:
    join = Join()
    join.label("a", 1_000)
    join.watermark(1_000 + HORIZON)
    assert join.waiting == (0, 0, 1)
    join.watermark(1_001 + HORIZON)
    assert join.letters == [("orphan-label", b"a is ok")]
    assert join.counts == {"orphans": 1}
    assert join.parked == {"label/a": None}
    join.answer("a", 1_000)
    assert join.waiting == (1, 0, 0)


def test_what_is_over_is_remembered_for_two_horizons_and_then_forgotten() -> None:
    join = Join()
    join.answer("a", 1_000)
    join.label("a", 1_000)
    join.watermark(1_000 + 2 * HORIZON)
    join.label("a", 1_200)
    assert join.counts == {"matched": 1, "repeats": 1}
    join.watermark(1_001 + 2 * HORIZON)
    assert len(join.partition.shelf) == 0
    join.label("a", 1_200)
    assert join.waiting == (0, 0, 1)


def test_of_an_id_that_came_twice_the_first_takes_the_label() -> None:
    join = Join()
    join.answer("a", 1_050, source="0-1")
    join.answer("a", 1_000, source="0-2")
    join.watermark(1_101)  # the second expires first, and takes nothing with it
    assert [o["prediction_id"] for o in join.outcomes] == ["0-2"]
    join.label("a", 1_100)
    assert [(o["prediction_id"], o["status"]) for o in join.outcomes][1:] == [("0-1", "matched")]
    join.label("a", 1_100)
    assert join.counts == {"matched": 1, "repeats": 1}


def test_when_the_first_of_two_has_expired_its_label_is_late() -> None:
    join = Join()
    join.answer("a", 1_000, source="0-1")
    join.answer("a", 1_050, source="0-2")
    join.watermark(1_101)
    join.label("a", 1_060)
    assert join.counts == {"late": 1}
    assert join.waiting == (1, 0, 0)


def test_shadows_go_with_their_prediction_in_any_order() -> None:
    join = Join()
    join.answer("a", 1_000, source="0-1", role="shadow", version=2)
    join.label("a", 1_001)
    assert join.waiting == (0, 1, 1)  # which of the id's predictions it is for is not known yet
    join.answer("a", 1_000, source="0-1")
    join.answer("a", 1_000, source="0-1", role="shadow", version=3)
    join.answer("a", 1_000, source="0-2", role="shadow", version=3)
    assert [o["model_version"] for o in join.outcomes] == [2, 1, 3]
    assert {o["status"] for o in join.outcomes} == {"matched"}
    assert join.waiting == (0, 1, 0)
    assert join.counts == {"matched": 1}


def test_a_finish_settles_what_was_sent_before_it_and_nothing_else() -> None:
    join = Join()
    join.answer("a", 1_000, source="0-4")
    join.answer("b", 1_000, source="0-5")
    join.answer("c", 1_000, source="1-0")
    join.label("x", 1_000, source=8)
    join.label("y", 1_000, source=9)
    join.finish({0: 5, 1: 0}, {3: 9})
    assert join.ends == [("a", "expired", None)]
    assert join.letters == [("orphan-label", b"x is ok")]
    assert join.waiting == (2, 0, 1)


def events(chance: random.Random) -> list[tuple[str, tuple[Any, ...]]]:
    """Predictions with shadows, and labels that all come within the horizon, some repeated."""
    made: list[tuple[str, tuple[Any, ...]]] = []
    for i in range(40):
        ts = 1_000 + 3 * i
        made.append(("answer", (f"e-{i}", ts, f"0-{i}")))
        if i % 3 == 0:
            made.append(("answer", (f"e-{i}", ts, f"0-{i}", "shadow", 2)))
        if chance.random() < 0.9:
            made += [
                ("label", (f"e-{i}", ts + chance.randint(-5, HORIZON), chance.choice(["ok", "fraud"])))
            ] * (1 + (i % 7 == 0))
    return made


def played(acts: Sequence[tuple[str, tuple[Any, ...]]], memory: int = 1_000, step: int = 10**9) -> Join:
    """The acts, with the watermark at `step` behind them where they are in order of time."""
    join = Join(memory)
    for act, arguments in acts:
        getattr(join, act)(*arguments)
        if act == "answer":
            join.watermark(arguments[1] - step)
    join.watermark(10_000)
    return join


def summary(join: Join) -> Any:
    ends = sorted((o["prediction_id"], o["role"], o["status"], o["label"], o["loss"]) for o in join.outcomes)
    return ends, join.counts, join.waiting


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_arrival_changes_nothing_and_each_answer_ends_once(seed: int) -> None:
    acts = events(random.Random(seed))
    expected = summary(played(acts))
    assert len(expected[0]) == len(set(expected[0])) == 54
    chance = random.Random(seed + 100)
    for _ in range(3):
        chance.shuffle(acts)
        assert summary(played(acts)) == expected


@pytest.mark.parametrize("memory", [1, 20])
def test_what_is_on_disk_ends_as_what_is_in_memory(memory: int) -> None:
    acts = events(random.Random(9))
    late = 40  # acts between a prediction and its label
    order = sorted(range(len(acts)), key=lambda i: i + late * (acts[i][0] == "label"))
    acts = [acts[i] for i in order]
    join = played(acts, memory, step=2 * HORIZON)
    assert summary(join) == summary(played(acts, step=2 * HORIZON))
    assert len(join.partition.shelf) == 0


def test_the_longest_waiting_are_on_disk() -> None:
    join = Join(memory=10)
    for i in range(100):
        join.answer(f"e-{i}", 1_000)
    assert len(join.partition.shelf) == 100
    assert len(join.partition.shelf._entries) <= 10  # noqa: SLF001 (that the bound holds shows nowhere else)
    join.watermark(1_101)
    assert len(join.outcomes) == 100


def test_a_restart_reads_from_the_first_answer_that_waits_and_is_not_parked() -> None:
    join = Join()
    for event in "abc":
        join.answer(event, 1_000, source=f"0-{event}")
    join.answer("a", 1_000, source="0-a", role="shadow")
    assert (join.parking.oldest(served=True), join.parking.oldest(served=False)) == (0, 3)
    join.label("a", 1_000)
    assert (join.parking.oldest(served=True), join.parking.oldest(served=False)) == (1, None)
    assert join.parking.older(2, served=True) == ["b"]
    join.parking.park_answer("b", join.partition.shelf.get("b").answers[0])  # type: ignore[union-attr]
    assert (join.parking.oldest(served=True), join.parking.older(2, served=True)) == (2, [])
    join.watermark(10_000)
    assert join.parking.oldest(served=True) is None
    assert set(join.parked.values()) == {None}


def test_a_parked_record_restores_what_it_was_parked_for() -> None:
    join = Join()
    join.answer("a/b", 1_000, source="0-7")
    waiting = join.partition.shelf.get("a/b").answers[0]  # type: ignore[union-attr]
    join.parking.park_answer("a/b", waiting)
    join.label("c", 1_000, "fraud")
    join.answer("d", 1_000)
    join.label("d", 2_000, "fraud")
    restored: dict[str, Entry] = {}
    for key, value in join.parked.items():
        restore(restored.setdefault(event_of(key), Entry()), key, value)
    assert restored["a/b"].answers == (waiting,)
    assert (restored["c"].early and restored["c"].early.label) == "fraud"
    assert (restored["d"].joined, restored["d"].label, restored["d"].memo) == ("0-1", "fraud", True)
    join.label("a/b", 1_000)
    join.answer("c", 1_000)
    join.watermark(10_000)
    assert {k: v for k, v in join.parked.items() if v is not None} == {}
    for key, value in join.parked.items():
        restore(restored[event_of(key)], key, value)
    assert all(entry.empty for entry in restored.values())
