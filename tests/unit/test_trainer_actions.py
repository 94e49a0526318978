"""What each decision makes of the roles."""

from typing import Any

import pytest
from trainings import Log, decision, draft

from events.records import Canary, Roles

ARMS: dict[str, Any] = {"canary": Canary(version=1, share=0.1), "shadows": (2,)}


def after(log: Log, action: str, **fields: Any) -> Roles:
    """The roles after a decision that was carried out."""
    log.ask(decision(action, "d", **fields))
    log.go(log.trainer())
    assert log.status("d")[0] == "done", log.status("d")
    assert log.roles.decision_id == "d"
    return log.roles


def refused(log: Log, action: str, **fields: Any) -> tuple[str, str]:
    """How a decision ended that changed no roles."""
    before = log.newest.get("roles")
    log.ask(decision(action, "d", **fields))
    log.go(log.trainer())
    assert log.newest.get("roles") == before
    assert log.offset == 1
    return log.status("d")


def test_a_rollback_goes_to_the_newest_previous_and_takes_it_from_there() -> None:
    log = Log(versions=3)
    roles = after(log, "rollback")
    assert (roles.epoch, roles.champion, roles.previous) == (4, 2, (1,))
    assert log.status("d")[1] == "version 2 is champion again, version 3 is left: a test"


def test_a_rollback_to_a_version_leaves_all_newer_ones_behind() -> None:
    roles = after(Log(versions=4), "rollback", target_version=2)
    assert (roles.champion, roles.previous) == (2, (1,))


@pytest.mark.parametrize(
    ("versions", "fields", "reason"),
    [
        (1, {}, "version 1 has no previous champion to go back to"),
        (3, {"target_version": 3}, "version 3 is not among the previous champions (2, 1)"),
        (3, {"target_version": 9}, "version 9 is not among the previous champions (2, 1)"),
        (0, {}, "there is no champion yet; `scoreloop train` makes the first"),
    ],
)
def test_a_rollback_without_a_way_back_is_rejected(versions: int, fields: Any, reason: str) -> None:
    assert refused(Log(versions), "rollback", **fields) == ("rejected", reason)


def test_a_promotion_puts_the_champion_in_front_of_the_previous() -> None:
    roles = after(Log(versions=3), "promote", target_version=1)
    assert (roles.champion, roles.previous) == (1, (3, 2, 1))


def test_a_promotion_without_a_target_takes_the_canary() -> None:
    log = Log(versions=2)
    log.enroll(3, **ARMS)
    roles = after(log, "promote")
    assert (roles.champion, roles.canary, roles.shadows) == (1, None, (3,))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"target_version": 2}, "version 2 is the champion already"),
        ({"target_version": 7}, "there is no version 7"),
        ({}, "there is no canary to promote; name a version with --version"),
        (
            {"evidence": {"draft": {"format": "skops"}}},
            "evidence.draft is no version's facts: Field required",
        ),
    ],
)
def test_a_promotion_of_what_cannot_serve_is_rejected(fields: Any, reason: str) -> None:
    assert refused(Log(versions=2), "promote", **fields) == ("rejected", reason)


def test_a_version_of_another_schema_is_not_promoted() -> None:
    log = Log()
    other = draft(schema_sha256="b" * 64).manifest(2, 1, "t-2", 0)
    log.models.append((b"version/2", other.encoded()))
    status, reason = refused(log, "promote", target_version=2)
    assert (status, reason[:48]) == ("rejected", "version 2 was trained for another schema than st")


def test_a_manifest_that_cannot_be_read_keeps_its_number() -> None:
    log = Log()
    log.models.append((b"version/5", b"{"))
    log.ask(decision("promote", "d", evidence={"draft": draft().model_dump()}))
    log.go(log.trainer())
    assert log.roles.champion == 6


def test_an_artefact_that_is_not_intact_is_not_made_champion() -> None:
    log = Log(versions=2)
    log.broken.add(f"{1:064x}")
    assert refused(log, "rollback") == ("failed", "version 1 was not taken up: other bytes")
    log = Log()
    log.broken.add("a" * 64)
    assert refused(log, "promote", evidence={"draft": draft().model_dump()})[0] == "failed"
    assert "version/2" not in log.newest


def test_a_draft_becomes_the_next_version_and_others_keep_their_roles() -> None:
    log = Log(versions=2)
    log.enroll(3, **ARMS)
    roles = after(log, "promote", evidence={"draft": draft().model_dump()})
    assert (roles.champion, roles.previous[:2], roles.shadows) == (4, (3, 2), (3,))
    assert roles.canary == ARMS["canary"]
    assert log.manifest(4).parent_version == 3
    assert log.status("d")[1] == "version 4 promoted: a test"


def test_a_first_draft_needs_no_champion() -> None:
    log = Log(versions=0)
    roles = after(log, "promote", evidence={"draft": draft().model_dump()})
    assert (roles.epoch, roles.champion, roles.previous) == (1, 1, ())
    assert log.manifest(1).parent_version is None


def test_a_draft_of_another_schema_is_rejected() -> None:
    made = draft(schema_sha256="b" * 64).model_dump()
    assert refused(Log(), "promote", evidence={"draft": made})[0] == "rejected"


def test_twenty_previous_champions_are_kept() -> None:
    log = Log(versions=22)
    roles = after(log, "promote", evidence={"draft": draft().model_dump()})
    assert roles.previous == tuple(range(22, 2, -1))


@pytest.mark.parametrize(
    ("fields", "left"),
    [({}, (None, (2,))), ({"target_version": 1}, (None, (2,))), ({"target_version": 2}, (1, ()))],
)
def test_a_rejection_takes_the_canary_or_a_shadow_out(fields: Any, left: Any) -> None:
    log = Log(versions=2)
    log.enroll(3, **ARMS)
    roles = after(log, "reject", **fields)
    assert (roles.canary and roles.canary.version, roles.shadows, roles.champion) == (*left, 3)


def test_a_rejection_of_what_has_no_role_is_rejected() -> None:
    assert refused(Log(), "reject") == ("rejected", "there is no canary to reject")
    assert refused(Log(), "reject", target_version=1)[1] == "version 1 is neither the canary nor a shadow"


def test_a_retrain_needs_a_champion_of_this_schema() -> None:
    assert refused(Log(0), "retrain")[1] == "there is no champion yet; `scoreloop train` makes the first"
    log = Log()
    other = draft(schema_sha256="b" * 64).manifest(1, None, "t-1", 0)
    log.models.append((b"version/1", other.encoded()))
    assert refused(log, "retrain")[1].startswith("version 1 was trained for another schema")


def test_an_operator_s_retrain_may_name_the_champion_that_it_means() -> None:
    assert refused(Log(2), "retrain", model_version=1) == ("rejected", "version 1 is no longer champion")


def test_a_challenger_that_is_brought_is_judged_by_the_training_process() -> None:
    log = Log()
    trainer, brought = log.trainer(), draft(estimator="brought: Ridge", metrics={})
    log.ask(decision("retrain", "d", evidence={"draft": brought.model_dump()}))
    log.go(trainer)
    [job] = log.jobs
    assert job.request.draft == brought
    job.end = brought.model_copy(update={"metrics": draft().metrics})
    log.go(trainer)
    status, why = log.status("d")
    assert status == "done"
    assert why.startswith("version 2 promoted: error 0.031 against the champion's 0.124")
    assert log.manifest(2).estimator == "brought: Ridge"


@pytest.mark.parametrize(
    ("versions", "changes", "reason"),
    [
        (0, {}, "there is no champion yet"),
        (1, {"schema_sha256": "f" * 64}, "was trained for another schema"),
        (1, {"artifact_sha256": "../../etc/passwd"}, "evidence.draft is no version's facts"),
    ],
)
def test_a_challenger_that_cannot_be_judged_is_rejected(
    versions: int, changes: dict[str, Any], reason: str
) -> None:
    log = Log(versions=versions)
    status, why = refused(log, "retrain", evidence={"draft": {**draft().model_dump(), **changes}})
    assert status == "rejected"
    assert reason in why
    assert log.jobs == []
