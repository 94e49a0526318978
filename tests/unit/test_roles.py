from typing import Any

import pytest
from samples import settings

from consumers.roles import ModelsView, RolesError, check_epoch
from events.records import Canary, Manifest, Roles
from events.signatures import Trust
from models.routing import goes_to_canary

HASH = "0" * 64


def roles(epoch: int, champion: int = 1, **more: Any) -> Roles:
    return Roles(epoch=epoch, ts=0, champion=champion, decision_id="d", **more)


def manifest(version: int) -> Manifest:
    return Manifest(
        version=version, created_ts=0, artifact_sha256=HASH, format="skops", estimator="e",
        schema_sha256=HASH, trained_on={}, params={}, metrics={}, parent_version=None, decision_id="d",
        environment={},
    )  # fmt: skip


def view(*records: tuple[bytes, bytes | None]) -> ModelsView:
    found = ModelsView(Trust(settings()))
    for key, value in records:
        found.take(key, value)
    return found


def test_only_the_key_roles_says_who_serves() -> None:
    found = ModelsView(Trust(settings()))
    assert not found.take(b"version/1", manifest(1).encoded())
    assert not found.take(b"roles/1", roles(1).encoded())
    assert not found.take(b"decision/d", b"{}")
    assert not found.take(None, b"{}")
    assert not found.take(b"roles", None)
    assert found.newest() is None
    assert found.take(b"roles", roles(1).encoded())
    assert found.newest() == roles(1)


def test_the_past_comes_newest_first_without_what_cannot_be_read() -> None:
    found = view(
        (b"roles/1", roles(1).encoded()),
        (b"roles/3", b"{broken"),
        (b"roles/10", roles(10).encoded()),
        (b"roles/4", roles(5).encoded()),
        (b"roles/2", roles(2).encoded()),
    )
    assert [past.epoch for past in found.past()] == [10, 2, 1]
    assert found.last_epoch() == 10


def test_an_old_record_written_again_does_not_say_who_serves() -> None:
    kept = [(b"roles/%d" % epoch, roles(epoch).encoded()) for epoch in (1, 2)]
    found = view(*kept, (b"roles", roles(2).encoded()), (b"roles", roles(1).encoded()))
    with pytest.raises(RolesError, match="roles of epoch 1 came after epoch 2 and were ignored"):
        found.newest()
    assert found.standing() == roles(2)


def test_broken_roles_are_named_and_the_newest_past_stands() -> None:
    found = view((b"roles/1", roles(1).encoded()), (b"roles", b'{"epoch": 0}'))
    with pytest.raises(RolesError, match="roles cannot be read: epoch"):
        found.newest()
    assert found.standing() == roles(1)


def test_an_epoch_only_grows() -> None:
    check_epoch(roles(1), None)
    check_epoch(roles(4), 3)
    for late in (3, 2):
        with pytest.raises(RolesError, match=f"roles of epoch {late} came after epoch 3"):
            check_epoch(roles(late), 3)


def test_a_manifest_must_be_there_and_be_of_its_key() -> None:
    found = view((b"version/1", manifest(1).encoded()))
    assert found.manifest(1).version == 1
    with pytest.raises(RolesError, match="version 2, of which models has no manifest"):
        found.manifest(2)
    with pytest.raises(RolesError, match="says that it is version 1"):
        found.take(b"version/2", manifest(1).encoded())


def test_each_version_is_loaded_once() -> None:
    named = roles(1, champion=3, canary=Canary(version=4, share=0.5), shadows=(2, 3, 4))
    assert named.versions == (3, 4, 2)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_an_event_s_arm_follows_its_share_and_never_changes(share: float) -> None:
    canary = Canary(version=8, share=share)
    arms = [goes_to_canary(f"e-{i}", canary) for i in range(10_000)]
    assert abs(sum(arms) / 10_000 - share) < 0.02
    assert arms == [goes_to_canary(f"e-{i}", canary) for i in range(10_000)]
    other = [goes_to_canary(f"e-{i}", Canary(version=9, share=share)) for i in range(10_000)]
    assert arms != other
