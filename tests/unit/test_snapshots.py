"""When an online champion is asked to learn on: counted in its labels, and the same after a restart."""

import joins
import pytest
from pydantic import ValidationError
from samples import settings
from trainings import draft

from consumers.trainer.examples import unlearned
from events.records import Canary, Decision, Roles
from events.topics import ROLES_KEY
from models.monitor_book import MonitorBook
from models.snapshots import CONTINUES, Snapshots
from models.tallies import Cell, Tally

EVERY = 100
STREAM = settings(training={"snapshot_every": EVERY})


def snapshots(every: int = EVERY) -> Snapshots:
    """Versions 1 and 2 learn online, 3 does not; 1 is champion."""
    made = Snapshots(settings(training={"snapshot_every": every}))
    for number, family in ((1, "adaptive-forest"), (2, "naive-bayes"), (3, "forest")):
        made.version(draft(params={"family": family}).manifest(number, None, "d", 0))
    promote(made, 1, 1)
    return made


def promote(made: Snapshots, champion: int, epoch: int, canary: int | None = None) -> None:
    tried = None if canary is None else Canary(version=canary, share=0.1)
    made.roles(Roles(epoch=epoch, ts=0, champion=champion, canary=tried, decision_id="d"))


def labels(made: Snapshots, count: int, version: int = 1, role: str = "champion") -> list[Decision]:
    cell = Cell(version, role, None, 0)  # type: ignore[arg-type]
    return [asked.decision for asked in made.buckets([(cell, Tally(matched=count))], 7) if asked.decision]


def restored(made: Snapshots) -> Snapshots:
    """One that knows what the state's record says, and nothing else."""
    [(_, value)] = made.changes()
    again = Snapshots(STREAM)
    again.restore(value)
    return again


def test_it_is_asked_each_time_so_many_labels_have_come() -> None:
    made = snapshots()
    found = [len(labels(made, 40)) for _ in range(8)]
    assert found == [0, 0, 1, 0, 1, 0, 0, 1], "at 120, 200 and 320"
    [asked] = labels(made, 150)
    assert (asked.action, asked.decision_id) == ("retrain", "snapshot.1.1.4")
    assert (asked.model_version, asked.alarm_id, asked.requested_by) == (1, None, "monitor")
    assert asked.evidence == {CONTINUES: 1, "labels": 470}


def test_others_labels_do_not_count() -> None:
    made = snapshots()
    assert labels(made, 500, version=2) == []
    assert labels(made, 500, role="shadow") == []
    assert labels(made, 0) == []
    assert list(made.changes()) != []
    labels(made, 500, role="shadow")
    assert list(made.changes()) == [], "nothing new to be kept"


def test_another_champion_begins_anew_and_the_same_in_other_roles_does_not() -> None:
    made = snapshots()
    labels(made, 60)
    promote(made, 1, 2)
    assert [asked.decision_id for asked in labels(made, 60)] == ["snapshot.1.2.1"]
    promote(made, 2, 3)
    assert labels(made, 60, version=2) == []
    promote(made, 1, 2)
    assert [asked.decision_id for asked in labels(made, 60, version=2)] == ["snapshot.2.3.1"], "old roles"


def test_one_that_does_not_learn_online_is_never_asked_nor_is_any_with_0() -> None:
    made = snapshots()
    promote(made, 3, 2)
    assert labels(made, 1_000, version=3) == []
    assert labels(snapshots(0), 1_000) == []


def test_while_a_challenger_is_on_trial_it_is_not_asked_and_then_at_once() -> None:
    made = snapshots()
    promote(made, 1, 2, canary=3)
    assert labels(made, 250) == []
    promote(made, 1, 3)
    assert [asked.decision_id for asked in labels(made, 1)] == ["snapshot.1.3.2"]


def test_a_restart_asks_at_the_same_places() -> None:
    made = snapshots()
    found = []
    for _ in range(8):
        found.append(len(labels(made, 40)))
        made = restored(made)
    assert found == [0, 0, 1, 0, 1, 0, 0, 1]


def test_a_monitor_keeps_it_with_the_rest_of_its_state() -> None:
    book = MonitorBook(STREAM, 1)
    manifest = draft(params={"family": "hoeffding-tree"}).manifest(1, None, "d", 0)
    book.follow(b"version/1", manifest.encoded())
    told = {message["key"]: message["value"] for message in book.changes("a")}
    book = MonitorBook.restored(STREAM, 1, told)  # type: ignore[arg-type]
    book.follow(ROLES_KEY, Roles(epoch=1, ts=0, champion=1, decision_id="d").encoded())
    for key, value in (joins.cell(0, Tally(predictions=EVERY, matched=EVERY)), joins.stands(0, 2**50)):
        book.take(key, value)
    assert [one.decision.action for one in book.news(0, running=False).asked if one.decision] == ["retrain"]


def test_what_was_not_learned_begins_where_the_ranges_end() -> None:
    spans = {"topic": "outcomes", "partitions": {"0": [5, 90], "2": [0, 7]}, "rows": 12}
    assert unlearned(draft(trained_on=spans).manifest(1, None, "d", 0)) == {0: 90, 2: 7}
    assert unlearned(draft(trained_on={"file": "a.csv", "rows": "0:9"}).manifest(1, None, "d", 0)) == {}


def test_naive_bayes_is_refused_for_a_regression() -> None:
    with pytest.raises(ValidationError, match="knows classes only"):
        settings(task="regression", labels={}, training={"families": ["linear", "naive-bayes"]})
