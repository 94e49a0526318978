"""The registry in an object store: a real server process that speaks S3 (moto's)."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import fsspec
import pytest
from sample_models import fitted
from sample_rows import NUMBERS

from events.errors import ScoreloopError
from models import artifact
from models.registry import Registry

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


@pytest.fixture
def url(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    store = fsspec.filesystem("s3")
    if not store.exists("bucket"):
        store.mkdir("bucket")
    return "s3://bucket/registry"


def test_an_artefact_comes_back_from_an_object_store_with_nothing_beside_it(url: str) -> None:
    registry = Registry(url)
    data = artifact.dumps(fitted("linear", NUMBERS))
    sha256 = registry.put(data)
    rows = registry.put_rows({"x": [1.0, None]})
    assert registry.get(sha256) == data
    assert registry.get_rows(rows) == {"x": [1.0, None]}
    assert {(one.kind, one.name, one.size) for one in registry.kept() if one.kind == "artifacts"} == {
        ("artifacts", sha256, len(data))
    }
    assert all(registry.remove(one) for one in registry.kept())
    assert registry.kept() == []
    with pytest.raises(ScoreloopError, match="the registry has no s3://bucket/registry/artifacts/"):
        registry.get(sha256)


def test_swapped_bytes_in_an_object_store_are_refused(url: str) -> None:
    registry = Registry(url)
    sha256 = registry.put(b"right")
    fsspec.filesystem("s3").pipe_file(f"bucket/registry/artifacts/{sha256}", b"wrong")
    with pytest.raises(ScoreloopError, match="other bytes than its name says"):
        registry.get(sha256)
