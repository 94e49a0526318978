import errno
import hashlib
import os
from pathlib import Path

import fsspec
import pytest

from events.errors import ScoreloopError
from models import registry as module
from models.registry import Registry

DATA = b"an artefact"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["folder", "memory"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    return Registry(
        str(tmp_path / "deep" / "registry") if request.param == "folder" else f"memory://{tmp_path}"
    )


def test_what_was_put_is_got_by_its_hash(registry: Registry) -> None:
    assert registry.put(DATA) == SHA256
    assert registry.put(DATA) == SHA256
    assert registry.get(SHA256) == DATA


def test_a_missing_artefact_is_a_sentence(registry: Registry) -> None:
    with pytest.raises(ScoreloopError, match=r"has no .*check \[registry\] url"):
        registry.get(SHA256)


@pytest.mark.parametrize(
    "sha256", ["", "../" * 21 + "x", SHA256.upper(), SHA256[:-1], f"{SHA256}\n", f"/{SHA256[1:]}"]
)
def test_what_is_no_hash_is_refused(registry: Registry, sha256: str) -> None:
    with pytest.raises(ScoreloopError, match="no SHA-256"):
        registry.get(sha256)


def test_other_bytes_under_the_name_are_refused(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))
    registry.put(DATA)
    (tmp_path / "artifacts" / SHA256).write_bytes(DATA + b"!")
    with pytest.raises(ScoreloopError, match="other bytes than its name says"):
        registry.get(SHA256)
    registry.put(DATA)
    assert registry.get(SHA256) == DATA


def test_what_a_search_notes_takes_the_place_of_what_it_noted_before(registry: Registry) -> None:
    assert registry.noted(SHA256) is None
    for data in (b"one", b"one, two"):
        registry.note(SHA256, data)
        assert registry.noted(SHA256) == data
    [kept] = registry.kept()
    assert (kept.kind, kept.name) == ("searches", SHA256)
    assert registry.remove(kept)
    assert registry.noted(SHA256) is None


def test_the_layout_is_the_hash_in_a_folder_with_nothing_beside_it(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))
    registry.put(DATA)
    rows = registry.put_rows({"x": [1.0]})
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == [f"artifacts/{SHA256}", f"rows/{rows}"]


def test_an_artefact_is_durable_before_and_after_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "artifacts").mkdir()
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        calls.append(f"sync {'folder' if path.is_dir() else path.read_bytes().decode()}")
        fsync(descriptor)

    def renamed(path: Path, target: str) -> Path:
        calls.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    Registry(str(tmp_path)).put(DATA)
    assert calls == ["sync an artefact", "rename", "sync folder"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_failed_write_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fails(_: int) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "artifacts").mkdir()
    monkeypatch.setattr(module.os, "fsync", fails)
    with pytest.raises(ScoreloopError, match=f"cannot be written at .*{os.strerror(code)}"):
        Registry(str(tmp_path)).put(DATA)
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_a_failed_write_to_another_store_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = fsspec.filesystem("memory")

    def fails(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(type(store), "mv", fails)
    with pytest.raises(ScoreloopError, match="cannot be written at memory:///failing"):
        Registry("memory://failing").put(DATA)
    assert store.find("/failing") == []


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ScoreloopError, match="cannot be written"):
        Registry(str(tmp_path / "file")).put(DATA)
    with pytest.raises(ScoreloopError):
        Registry(str(tmp_path / "file")).get(SHA256)


@pytest.mark.parametrize("url", ["nowhere://bucket", "gs://bucket"])
def test_a_store_that_is_not_installed_is_a_sentence(url: str) -> None:
    with pytest.raises(ScoreloopError, match=r"\[registry\] url: cannot be opened"):
        Registry(url)


ROWS = {
    "amount": [1.5, None, 3.0],
    "age": [1, None, 3],
    "new": [True, False, None],
    "shop": ["a", None, "ø"],
    "history": [[0.1, 0.2], None, [0.3, 0.4]],
    "class": ["fraud", "ok", "ok"],
}


def test_rows_come_back_as_they_were_put(registry: Registry) -> None:
    assert registry.get_rows(registry.put_rows(ROWS)) == ROWS


def test_the_same_rows_have_the_same_hash(registry: Registry) -> None:
    assert registry.put_rows(ROWS) == registry.put_rows({name: list(column) for name, column in ROWS.items()})
    assert registry.put_rows(ROWS) != registry.put_rows({**ROWS, "age": [1, None, 4]})


def test_rows_are_not_found_among_artefacts(registry: Registry) -> None:
    with pytest.raises(ScoreloopError, match="has no"):
        registry.get(registry.put_rows(ROWS))


@pytest.mark.parametrize("column", [["a", 1], [10**30]])
def test_a_column_that_parquet_cannot_hold_is_a_sentence(registry: Registry, column: list[object]) -> None:
    with pytest.raises(ScoreloopError, match="cannot be kept as Parquet"):
        registry.put_rows({"x": column})


def test_what_is_kept_is_told_and_can_be_removed(registry: Registry) -> None:
    assert registry.kept() == []
    registry.put(DATA)
    rows = registry.put_rows({"x": [1.0]})
    found = {(one.kind, one.name): one for one in registry.kept()}
    assert found.keys() == {("artifacts", SHA256), ("rows", rows)}
    artefact = found["artifacts", SHA256]
    assert artefact.size == len(DATA)
    assert registry.remove(artefact)
    assert registry.remove(artefact), "gone is gone"
    assert [one.kind for one in registry.kept()] == ["rows"]
    with pytest.raises(ScoreloopError, match="has no"):
        registry.get(SHA256)


def test_what_was_written_again_since_is_not_removed(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))
    registry.put(DATA)
    os.utime(tmp_path / "artifacts" / SHA256, (1, 1))
    [before] = registry.kept()
    assert before.modified == 1000
    registry.put(DATA)
    assert not registry.remove(before)
    assert registry.get(SHA256) == DATA


def test_what_a_killed_writer_left_is_told_too(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / ".temporary-1").write_bytes(DATA[:3])
    assert [one.name for one in registry.kept()] == [".temporary-1"]


@pytest.mark.parametrize("call", ["kept", "get", "put"])
def test_a_store_with_errors_of_its_own_is_a_sentence(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no credentials")

    for name in ("find", "cat_file", "pipe_file"):
        monkeypatch.setattr(type(fsspec.filesystem("memory")), name, fails)
    with pytest.raises(ScoreloopError, match="no credentials"):
        getattr(Registry("memory://own"), call)(*{"get": [SHA256], "put": [DATA], "kept": []}[call])
