"""The trainer's step without a broker: order, exactly once, and what a restart finds."""

import pytest
from confluent_kafka import TopicPartition
from samples import Record
from trainings import CONTROL, MODELS, NOW, Log, decision, draft

from consumers.trainer.course import KEEP_MS
from consumers.trainer.ending import Unfit
from consumers.trainer.trainer import MOST_RETRAINS, Trainer
from consumers.turn import Batch
from events.internal import STANDING_BY


def started(log: Log, trainer: Trainer, decision_id: str = "d-1", **fields: object) -> None:
    """A retrain that was asked for, and whose training runs."""
    log.ask(decision("retrain", decision_id, **fields))
    log.go(trainer)
    assert log.jobs[-1].request.decision.decision_id == decision_id


def test_a_retrain_that_passes_is_promoted_in_one_transaction_with_the_offset_after_it() -> None:
    log = Log()
    trainer = log.trainer()
    started(log, trainer)
    assert log.said[-1] == "training for d-1: 1 of 9"
    assert (log.offset, log.result("d-1")) == (0, None), "the offset waits for what waits"
    log.jobs[0].end = draft()
    turn = log.turn(trainer)
    assert [m["key"] for m in turn.outputs.many[MODELS]] == [
        b"version/2",
        b"decision/d-1",
        b"roles/2",
        b"roles",
    ]
    assert turn.notes == {(CONTROL, 0): (1, "")}
    log.commit(turn)
    roles, manifest = log.roles, log.manifest(2)
    assert (roles.epoch, roles.champion, roles.previous, roles.decision_id) == (2, 2, (1,), "d-1")
    assert (manifest.parent_version, manifest.decision_id, manifest.created_ts) == (1, "d-1", NOW)
    result = log.result("d-1")
    assert result is not None
    assert (result.status, result.version, result.epoch) == ("done", 2, 2)
    assert result.reason == (
        "version 2 promoted: error 0.031 against the champion's 0.124 on the newest 250 labelled events"
    )
    assert len(log.turn(trainer).outputs) == 0


@pytest.mark.parametrize(
    ("end", "status"),
    [(Unfit("not better", rejected=True), "rejected"), (Unfit("no memory", rejected=False), "failed")],
)
def test_a_training_without_a_version_leaves_the_champion_and_says_why(end: Unfit, status: str) -> None:
    log = Log()
    trainer = log.trainer()
    started(log, trainer)
    log.jobs[0].end = end
    log.go(trainer)
    assert log.status("d-1") == (status, end.reason)
    assert (log.roles.epoch, log.offset) == (1, 1)


def test_a_training_that_takes_too_long_is_given_up() -> None:
    log = Log()
    trainer = log.trainer()
    started(log, trainer)
    log.go(trainer, NOW + 60_000)
    assert not log.jobs[0].cancelled
    log.go(trainer, NOW + 60_001)
    assert log.jobs[0].cancelled
    assert log.status("d-1") == (
        "failed", "training took longer than [training] time_limit = 1m and was given up",
    )  # fmt: skip


def test_a_training_that_cannot_be_started_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()

    def start(_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(log, "_start", start)
    log.ask(decision("retrain", "d-1"))
    log.go(log.trainer())
    assert log.status("d-1") == ("failed", "training could not be started: no more processes")


def test_retrains_are_done_in_order_one_at_a_time_and_others_meanwhile() -> None:
    log = Log(versions=2)
    trainer = log.trainer()
    log.ask(decision("retrain", "d-1"), decision("retrain", "d-2"), decision("pause", "d-3"))
    log.go(trainer)
    assert [job.request.decision.decision_id for job in log.jobs] == ["d-1"]
    assert log.status("d-3")[0] == "done"
    assert log.offset == 0
    log.jobs[0].end = draft()
    log.go(trainer)
    assert log.offset == 1
    log.go(trainer)
    assert [job.request.champion.version for job in log.jobs] == [2, 3]
    log.jobs[1].end = Unfit("no", rejected=True)
    log.go(trainer)
    assert (log.offset, log.roles.epoch) == (3, 3)


def test_a_restart_at_any_point_ends_each_decision_once() -> None:
    asked = [
        decision("retrain", "d-1"), decision("rollback", "d-2"), decision("pause", "d-3"),
        decision("retrain", "d-4", requested_by="monitor", model_version=1),
        decision("retrain", "d-1"), decision("promote", "d-5", target_version=2),
    ]  # fmt: skip
    for killed_before in range(8):
        for committed in (True, False):
            log = Log(versions=2)
            log.ask(*asked)
            log.go_killed(8, killed_before, committed=committed)
            ended = {one.decision_id: log.status(one.decision_id)[0] for one in asked}
            assert ended == {"d-1": "done", "d-2": "done", "d-3": "done", "d-4": "rejected", "d-5": "done"}
            assert log.roles.epoch == 5, (killed_before, committed)
            assert (log.offset, log.note) == (6, "paused by decision d-3")


def test_what_is_no_decision_is_passed_over_and_what_came_again_too(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(versions=2)
    trainer = log.trainer()
    log.ask(b"{", None, decision("rollback", "d-1"), decision("rollback", "d-1"), decision("rollback", "t-1"))
    log.go(trainer)
    assert (log.roles.epoch, log.roles.champion, log.offset) == (3, 1, 5)
    assert "what stands at 0 is no decision" in caplog.text
    log.ask(decision("rollback", "d-1"))
    log.go(trainer)
    assert (log.roles.epoch, log.offset) == (3, 6)


def test_so_many_retrains_may_wait() -> None:
    log = Log()
    trainer = log.trainer()
    log.ask(*(decision("retrain", f"d-{i}") for i in range(MOST_RETRAINS + 1)))
    log.go(trainer)
    assert log.status(f"d-{MOST_RETRAINS}") == ("rejected", "100 retrains wait already")
    assert log.offset == 0


def test_a_training_against_roles_that_have_changed_begins_anew() -> None:
    log = Log(versions=2)
    trainer = log.trainer()
    started(log, trainer)
    log.ask(decision("rollback", "d-2"))
    log.jobs[0].end = draft()
    log.go(trainer)
    assert log.jobs[0].cancelled
    assert [job.request.champion.version for job in log.jobs] == [2, 1]
    assert log.result("d-1") is None


def test_a_decision_of_the_monitor_on_a_version_that_serves_no_more_is_rejected() -> None:
    log = Log(versions=2)
    trainer = log.trainer()
    log.ask(
        decision("retrain", "d-1", requested_by="monitor", model_version=1),
        decision("rollback", "d-2", requested_by="monitor", model_version=1),
    )
    log.go(trainer)
    assert log.status("d-1") == log.status("d-2") == ("rejected", "version 1 is no longer champion")
    started(log, trainer, "d-3", requested_by="monitor", model_version=2)
    log.ask(decision("rollback", "d-4"))
    log.go(trainer)
    assert log.jobs[0].cancelled
    assert log.status("d-3") == ("rejected", "version 2 is no longer champion")


def test_a_pause_rejects_the_monitor_s_decisions_over_a_restart_until_resume() -> None:
    log = Log(versions=3)
    trainer = log.trainer()
    started(log, trainer, "d-0", requested_by="monitor", model_version=3)
    log.ask(decision("pause", "p-1"), decision("pause", "p-2"))
    log.go(trainer)
    assert log.jobs[0].cancelled
    assert log.status("d-0") == ("rejected", "the monitor is paused by decision p-1")
    assert log.status("p-2") == ("rejected", "already paused by decision p-1")
    assert log.said[-1] == "waiting for decisions; paused by decision p-1"
    trainer = log.trainer()
    log.ask(
        decision("rollback", "d-1", requested_by="monitor", model_version=3),
        decision("rollback", "d-2"),
        decision("resume", "r-1"),
        decision("rollback", "d-3", requested_by="monitor", model_version=2),
        decision("resume", "r-2"),
    )
    log.go(trainer)
    assert log.status("d-1")[0] == "rejected"
    assert [log.status(one)[0] for one in ("d-2", "r-1", "d-3")] == ["done"] * 3
    assert log.status("r-2") == ("rejected", "the monitor is not paused")
    assert (log.roles.champion, log.note) == (1, "")


def test_what_was_not_committed_is_done_again() -> None:
    log = Log(versions=2)
    trainer = log.trainer()
    log.ask(decision("pause", "p-1"), decision("rollback", "d-1"))
    log.turn(trainer)
    log.begin(trainer)
    log.go(trainer)
    assert (log.roles.epoch, log.roles.champion, log.note) == (3, 1, "paused by decision p-1")


def test_a_training_outlives_a_rebalance_that_gives_control_back() -> None:
    log = Log()
    trainer = log.trainer()
    started(log, trainer)
    trainer.begin([])
    assert log.said[-1] == STANDING_BY
    trainer(Batch(), NOW)
    log.begin(trainer)
    trainer(Batch(began=[TopicPartition(CONTROL, 0, 0)]), NOW)
    trainer(Batch(), NOW + KEEP_MS)
    log.go(trainer)
    log.jobs[0].end = draft()
    log.go(trainer)
    assert len(log.jobs) == 1
    assert log.status("d-1")[0] == "done"


def test_a_training_ends_when_control_stays_away_or_another_has_settled_its_decision() -> None:
    log = Log()
    trainer = log.trainer()
    started(log, trainer)
    trainer.begin([])
    trainer(Batch(), NOW)
    assert len(trainer(Batch(), NOW + KEEP_MS).outputs) == 0
    assert not log.jobs[0].cancelled
    trainer(Batch(), NOW + KEEP_MS + 1)
    assert log.jobs[0].cancelled
    log.begin(trainer)
    log.go(trainer)
    other = log.trainer()
    log.go(other)
    log.jobs[-1].end = draft()
    log.go(other)
    log.begin(trainer)
    log.go(trainer)
    assert log.jobs[1].cancelled
    assert log.roles.epoch == 2


def test_a_stop_ends_the_training() -> None:
    log = Log()
    trainer = log.trainer()
    started(log, trainer)
    trainer.close()
    assert log.jobs[0].cancelled


def test_who_has_no_partition_does_nothing() -> None:
    log = Log()
    trainer = log.trainer()
    trainer.begin([])
    turn = trainer(Batch([Record(decision("rollback", "d").encoded(), of=CONTROL)]), NOW)
    assert (len(turn.outputs), turn.notes) == (0, {})
