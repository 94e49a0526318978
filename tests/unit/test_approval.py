"""A promotion that waits for an operator: what waits, what ends it, and what a restart finds."""

from typing import Any

import pytest
from samples import settings
from trainings import NOW, Log, decision, draft

from console.pending import Pending, pending
from consumers.trainer.trainer import Trainer
from events.records import Canary, Decision

ASKED = {"requested_by": "monitor", "model_version": 2}
GATED = "error 0.031 against the champion's 0.124 on the newest 250 labelled events"


def manual(**decisions: Any) -> Log:
    log = Log(versions=2)
    log.settings = settings(training={"time_limit": "1m"}, decisions={"approval": "manual", **decisions})
    return log


def gated(log: Log, trainer: Trainer, decision_id: str = "r-1", **fields: Any) -> None:
    """The monitor asks for a retrain, against version 2, and its version passes the gate."""
    log.ask(decision("retrain", decision_id, **{**ASKED, **fields}))
    log.go(trainer)
    log.jobs[-1].end = draft()
    log.go(trainer, NOW + 1)


def waits(log: Log) -> Pending | None:
    """What `approve` and `status` see."""
    decisions = [found for value in log.control if (found := Decision.found(value or b"")) is not None]
    return pending(decisions, log.standing())


def test_a_retrained_version_waits_registered_and_serves_nothing() -> None:
    log = manual()
    trainer = log.trainer()
    gated(log, trainer)
    assert (log.roles.epoch, log.roles.champion, log.roles.shadows) == (2, 2, ())
    manifest = log.manifest(3)
    assert (manifest.decision_id, manifest.parent_version) == ("r-1", 2)
    assert (log.result("r-1"), log.offset) == (None, 0)
    assert log.said[-1] == "waiting for decisions; version 3 waits for approval"
    assert waits(log) == Pending(decision_id="r-1", since=0, version=3, champion=2, why=GATED)


def test_a_restart_loses_nothing_and_trains_nothing_again() -> None:
    log = manual()
    gated(log, log.trainer())
    trainer = log.trainer()
    log.go(trainer)
    assert log.said[-1].endswith("version 3 waits for approval")
    assert len(log.jobs) == 1
    log.ask(decision("promote", "a", target_version=3, evidence={"approves": "r-1"}))
    log.go(trainer)
    assert (log.roles.champion, log.roles.previous, log.roles.shadows) == (3, (2, 1), (2,))
    assert log.status("a") == ("done", "version 3 promoted in place of version 2: a test")
    assert log.status("r-1") == ("done", f"version 3 was promoted by decision a: {GATED}")
    assert (log.offset, waits(log)) == (2, None)


def test_what_an_operator_asks_for_does_not_wait() -> None:
    log = manual()
    gated(log, log.trainer(), requested_by="operator")
    assert (log.roles.champion, log.status("r-1")[0]) == (3, "done")


@pytest.mark.parametrize("target", [None, 3])
def test_an_operator_may_turn_it_down(target: int | None) -> None:
    log = manual()
    trainer = log.trainer()
    gated(log, trainer)
    log.ask(decision("reject", "n", target_version=target, reason="not on a Friday"))
    log.go(trainer)
    assert log.status("n") == ("done", "version 3 does not become champion")
    assert log.status("r-1") == ("rejected", "version 3: not on a Friday (n)")
    assert (log.roles.epoch, log.offset, waits(log)) == (2, 2, None)


def test_another_champion_makes_it_stale() -> None:
    log = manual()
    trainer = log.trainer()
    gated(log, trainer)
    log.ask(
        decision("rollback", "b"), decision("promote", "a", target_version=3, evidence={"approves": "r-1"})
    )
    log.go(trainer)
    status, reason = log.status("r-1")
    assert status == "rejected"
    assert reason.startswith("version 2 is no longer champion, and version 3, which waited for approval,")
    assert log.status("a") == ("rejected", "decision r-1 waits for no approval any more")
    assert (log.roles.champion, log.offset) == (1, 3)


def test_a_newer_version_waits_instead() -> None:
    log = manual()
    trainer = log.trainer()
    gated(log, trainer)
    gated(log, trainer, "r-2")
    assert log.status("r-1") == ("rejected", "version 4 waits for approval instead")
    found = waits(log)
    assert found is not None
    assert (found.version, found.decision_id, log.offset) == (4, "r-2", 1)
    log.ask(decision("promote", "a", target_version=3, evidence={"approves": "r-1"}))
    log.go(trainer)
    assert log.status("a")[0] == "rejected", "who approves of the older one has not seen the newer"


def test_a_pause_rejects_it_as_all_that_the_monitor_wants() -> None:
    log = manual()
    trainer = log.trainer()
    gated(log, trainer)
    log.ask(decision("pause", "p"))
    log.go(trainer)
    assert log.status("r-1") == ("rejected", "the monitor is paused by decision p")


def test_a_version_whose_artefact_is_not_intact_does_not_wait() -> None:
    log = manual()
    log.broken.add("a" * 64)
    gated(log, log.trainer())
    assert log.status("r-1") == ("failed", "version 3 was not taken up: other bytes")
    assert "version/3" not in log.newest


def on_trial() -> tuple[Log, Trainer]:
    """A verdict promotes the canary, version 3."""
    log = manual(strategy="canary")
    trainer = log.trainer()
    gated(log, trainer)
    assert log.status("r-1")[0] == "done", "a trial needs no approval: it changes no champion"
    verdict = {**ASKED, "target_version": 3, "evidence": {"finding": "no worse"}, "reason": "no worse"}
    log.ask(decision("promote", "v", **verdict))
    log.go(trainer)
    return log, trainer


def test_a_verdict_s_promotion_waits_while_the_canary_goes_on() -> None:
    log, trainer = on_trial()
    assert (log.roles.champion, log.roles.canary) == (2, Canary(version=3, share=0.1))
    assert waits(log) == Pending(decision_id="v", since=0, version=3, champion=2, why="no worse")
    log.ask(decision("promote", "a", target_version=3, evidence={"approves": "v"}))
    log.go(log.trainer())
    assert (log.roles.champion, log.roles.canary, log.status("v")[0]) == (3, None, "done")
    del trainer


def test_a_canary_that_turns_out_worse_while_it_waits_is_taken_out() -> None:
    log, trainer = on_trial()
    log.ask(decision("reject", "w", **{**ASKED, "target_version": 3, "evidence": {"finding": "worse"}}))
    log.go(trainer)
    assert (log.roles.canary, log.status("w")[0]) == (None, "done")
    assert log.status("v") == ("rejected", "version 3, which waited for approval, is on trial no more")
    assert log.offset == 3


def test_a_rollback_by_evidence_does_not_wait() -> None:
    log = manual()
    log.ask(decision("rollback", "b", **ASKED))
    log.go(log.trainer())
    assert (log.roles.champion, log.status("b")[0]) == (1, "done")


def test_a_restart_at_any_point_ends_with_the_same() -> None:
    for killed_before in range(6):
        for committed in (True, False):
            log = manual()
            log.ask(decision("retrain", "r-1", **ASKED), decision("pause", "p"), decision("resume", "q"))
            log.ask(decision("retrain", "r-2", **ASKED))
            log.go_killed(6, killed_before, committed=committed)
            found = waits(log)
            assert found is not None, (killed_before, committed)
            assert (found.decision_id, log.status("r-1")[0]) == ("r-2", "rejected")
            assert log.roles.epoch == 2
