"""What a cooldown and a retrain budget hold back, when it is asked for after all, and what is said of it."""

from itertools import count, pairwise
from typing import Any

import joins
import msgspec
import pytest
from compacted import keep
from samples import settings

from events.monitor_state import HELD_BACK_KEY, TENURE_KEY
from events.records import Decision, Drift, Manifest, Roles
from events.topics import ROLES_KEY, version_key
from models import exact
from models.monitor_book import MonitorBook
from models.tallies import Tally

BUCKET, OF = 10, 40
URGENCY = 3.1
"""√(0.75 / 0.079): the error where the champion knows the other concept, and what is expected at most."""
TENURE = (
    "epoch", "version", "since", "previous", "promoted", "served", "detector", "other", "bound", "labels",
    "shadowed", "better", "worse", "even", "returned", "recent",
)  # fmt: skip
"""The fields of its record at first."""


class Oscillating:
    """A loop in small: two concepts in turn, each champion knows one of them, and what is asked for is done.

    A retrain makes a version that knows the concept there is, and a rollback goes back, both at once.
    """

    def __init__(self, *, restarts: bool = False, **decisions: Any) -> None:
        self.settings = settings(
            windows={"length": "30ms", "bucket": f"{BUCKET}ms"},
            decisions={"challenge_from": 0, **decisions},
        )
        self.book = MonitorBook(self.settings, 1)
        self.knows: dict[int, int] = {}
        self.champions: list[int] = []
        self.apart: list[int] = []
        """Labelled events between each promotion and the change of champion before it."""
        self.asked: list[Decision] = []
        self.drifts: list[Drift] = []
        self.said: set[str | None] = set()
        self._restarts = restarts
        self._epochs, self._now, self.state = count(1), 0, dict[bytes, bytes]()
        self.promote(0)

    @property
    def retrains(self) -> list[Decision]:
        return [one for one in self.asked if one.action == "retrain"]

    def promote(self, concept: int) -> None:
        version = len(self.knows) + 1
        self.knows[version] = concept
        metrics = {"rows": 500, "loss_sum": 25, "gate": {}}
        manifest = Manifest(
            version=version, created_ts=0, artifact_sha256="0" * 64, format="skops", estimator="linear",
            schema_sha256="0" * 64, trained_on={}, params={}, parent_version=None, decision_id="d",
            metrics=metrics, environment={},
        )  # fmt: skip
        self.book.follow(version_key(version), manifest.encoded())
        if self.champions:
            self.apart.append((self._now - self._changed) * OF)
        self.serve(version, *self.champions[-1:])

    def serve(self, champion: int, *previous: int) -> None:
        self.champions.append(champion)
        self._changed = self._now
        roles = Roles(
            epoch=next(self._epochs), ts=0, champion=champion, previous=previous, shadows=previous,
            decision_id="d",
        )  # fmt: skip
        self.book.follow(ROLES_KEY, roles.encoded())

    def run(self, buckets: int, period: int, *, done: bool = True) -> None:
        """Buckets of one concept for `period` of them, then of the other."""
        for _ in range(buckets):
            concept = self._now // period % 2
            for asked in self._bucket(concept):
                if done and asked.action == "retrain":
                    self.promote(concept)
                elif done and asked.action == "rollback":
                    self.serve(self.champions[-2])

    def _bucket(self, concept: int) -> list[Decision]:
        champion, before = self.champions[-1], self.champions[-2:-1]
        wrong = 2 if self.knows[champion] == concept else 30
        pairs = {
            (one, (self.knows[one] == concept) - (self.knows[champion] == concept)): 28 for one in before
        }
        tally = Tally(predictions=OF, matched=OF, loss=wrong * exact.ONE, pairs=pairs)
        at = self._now * BUCKET
        self._now += 1
        for key, value in (joins.cell(at, tally, version=champion), joins.stands(0, at + BUCKET)):
            self.book.take(key, value)
        news = self.book.news(self._now, running=False)
        decisions = [one.decision for one in news.asked if one.decision is not None]
        self.asked += decisions
        self.drifts += [*news.drifts, *(one.drift for one in news.asked if one.drift is not None)]
        for message in self.book.changes(f"turn {self._now}"):
            keep(self.state, message)
        if self._restarts:
            self.book = MonitorBook.restored(self.settings, 1, self.state)
        self.said.add(self.book.held_back)
        return decisions


BOUNDED = {"cooldown": 400, "retrain_budget": {"every": 4_000, "burst": 2}, "probation": 200}
UNLIMITED = {**BOUNDED, "cooldown": 0, "retrain_budget": {"every": 0}}


@pytest.mark.parametrize("period", [3, 15])
def test_labels_that_oscillate_do_not_make_roles_flap(period: int) -> None:
    buckets = 200
    loop, free = Oscillating(**BOUNDED), Oscillating(**UNLIMITED)
    loop.run(buckets, period)
    free.run(buckets, period)
    retrains = 2 + URGENCY * buckets * OF / 4_000
    assert 0 < len(loop.apart) <= retrains
    assert len(loop.champions) - 1 <= 2 * retrains, "each promotion may be rolled back from, once"
    assert min(loop.apart[1:]) >= 400, "no promotion sooner than the cooldown after whatever change"
    assert len(free.champions) > 2 * len(loop.champions), "without bounds they do flap"


def test_the_cooldown_alone_bounds_how_soon_one_change_follows_another() -> None:
    loop = Oscillating(cooldown=400, retrain_budget={"every": 0})
    loop.run(100, 7)
    assert min(loop.apart[1:]) >= 400
    assert len(loop.champions) - 1 <= 2 * (1 + 100 * OF // 400)


def test_a_rollback_on_probation_is_not_held_back() -> None:
    loop = Oscillating(cooldown=10_000)
    loop.run(2, 100)
    loop.promote(1)
    loop.run(4, 100)
    assert ([one.action for one in loop.asked], loop.champions) == (["rollback"], [1, 2, 1])


def test_a_retrain_waits_for_the_cooldown_its_alarm_does_not() -> None:
    loop = Oscillating(cooldown=1_200, probation=0, restarts=True)
    loop.run(1, 100)
    loop.promote(1)
    loop.run(29, 100, done=False)
    assert (loop.retrains, len(loop.drifts)) == ([], 1)
    held = "was held back by [decisions] cooldown, 1200 labelled events after version 2 became champion"
    assert loop.said == {None, f"a retrain {held}"}
    loop.run(1, 100, done=False)
    [asked] = loop.retrains
    assert asked.alarm_id == loop.drifts[0].alarm_id
    assert asked.evidence["labels"] >= 500, "the newest ask, not the first"
    assert asked.reason.endswith(f"; until now it {held}")
    assert (loop.book.held_back, len(loop.drifts)) == (None, 1)


def test_the_budget_holds_back_what_alarms_ask_for_until_events_have_filled_it() -> None:
    budget = {"every": 2_000, "burst": 2}
    loop = Oscillating(cooldown=0, retrain_budget=budget, retrain_from=200, probation=0, restarts=True)
    loop.promote(1)
    loop.run(100, 200, done=False)
    first, *at = [one.evidence["labels"] for one in loop.retrains]
    assert first < 200, "on too few labels to be paid for, as nothing comes of it"
    assert at[:2] == [200, 400], "two at once, and the next when 2,000 events have passed"
    apart = [later - before for before, later in pairwise(at[2:])]
    assert all(2_000 / URGENCY - 200 <= one <= 1_000 for one in apart), "sooner, as the error has risen a lot"
    assert "retrain_budget, one in 2000 events and at most 2 at once" in " ".join(filter(None, loop.said))


def test_what_an_alarm_asks_for_on_few_labels_is_paid_for_where_a_promotion_comes_of_it() -> None:
    loop = Oscillating(cooldown=0, retrain_budget={"every": 10_000, "burst": 2}, probation=0)
    loop.promote(1)
    loop.run(100, 200)
    assert [one.evidence["labels"] < 250 for one in loop.retrains] == [True, False], "and one that follows"
    loop.promote(1)
    loop.run(20, 200, done=False)
    assert len(loop.drifts) == 2
    assert len(loop.retrains) == 2, "the budget is spent"


def test_the_cooldown_does_not_hold_back_what_follows_on_more_labels_since_the_same_change() -> None:
    loop = Oscillating(cooldown=10_000, retrain_budget={"every": 0}, probation=0)
    loop.run(1, 100)
    loop.knows[1] = 1
    loop.run(50, 100)
    first, second = loop.retrains
    assert (first.alarm_id, first.model_version) == (second.alarm_id, 1)
    assert (second.model_version, second.evidence["labels"]) == (2, 1_000)


def test_after_a_rollback_a_retrain_has_to_wait_for_the_cooldown() -> None:
    loop = Oscillating(cooldown=400, retrain_budget={"every": 0}, retrain_from=200, probation=0)
    loop.knows[1] = 1
    loop.run(1, 100)
    loop.serve(1)
    loop.run(9, 100)
    assert len(loop.retrains) == 1
    loop.run(1, 100)
    assert len(loop.retrains) == 2


def test_a_state_of_before_there_were_schedules_is_taken_up() -> None:
    loop = Oscillating(cooldown=0, restarts=True)
    loop.run(1, 100)
    tenure = msgspec.json.decode(loop.state[TENURE_KEY])
    rung = {"alarm_id": "e-sr.1.1.0", "change_ts": 0, "labels": 400, "total": 300, "asked": 1, "next_at": 500}
    old = {name: tenure[name] for name in TENURE} | {"rung": rung}
    loop.state[TENURE_KEY] = msgspec.json.encode(old)
    budget = {"champion": 1, "since": 0, "cooling": 0, "owed": 0}
    loop.state[HELD_BACK_KEY] = msgspec.json.encode({"epoch": 1, "budget": budget, "newest": {}, "held": {}})
    loop.book = MonitorBook.restored(loop.settings, 1, loop.state)
    loop.run(3, 100)
    assert [one.evidence["labels"] for one in loop.retrains] == [520]


def test_what_is_held_back_against_a_champion_that_serves_no_more_is_void() -> None:
    loop = Oscillating(cooldown=1_200, probation=0)
    loop.run(1, 100)
    loop.promote(1)
    loop.run(20, 100, done=False)
    assert loop.book.held_back is not None
    loop.promote(0)
    assert loop.book.held_back is None
    loop.run(40, 100)
    assert {one.model_version for one in loop.retrains} <= {3}, "what follows the newest is asked anew"
