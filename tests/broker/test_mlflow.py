"""A stream in a real MLflow, which is away, slow, and back; and a publisher that is killed."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from deciding import manifest, roles
from mlflow import MlflowClient
from streams import Stream, until

from events import topics
from events.records import Metric
from events.settings import MLFLOW_VARIABLE, Kafka

START_SECONDS = 180.0
HOUR = 3_600_000


class Server:
    """An MLflow server process with its store in SQLite, on a port that is free."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", "1", "--backend-store-uri", f"sqlite:///{self._folder}/mlflow.sqlite",
            "--artifacts-destination", str(self._folder / "mlflow"),
        ]  # fmt: skip
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self._folder / "mlflow.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "mlflow.log").read_text()
            assert time.monotonic() < deadline, "MLflow does not start"
            time.sleep(0.2)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def end(self) -> None:
        if self._process is not None:
            self.send(signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.uri}/health", timeout=1) as answer:  # noqa: S310 (ours)
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server(tmp_path)
    monkeypatch.setenv(MLFLOW_VARIABLE, made.uri)
    yield made
    made.end()


def window(version: int, hour: int, **fields: Any) -> bytes:
    figures: dict[str, Any] = {
        "model_version": version, "role": "champion", "from_ts": hour * HOUR, "to_ts": (hour + 1) * HOUR,
        "final": True, "predictions": 10, "labelled": 8, "expired": 2, "coverage": 0.8, "error": hour / 100,
        "error_low": 0.0, "error_high": 1.0, "values": {"f1": 0.5, "recall": None},
        "label_delay_p50_ms": None, "label_delay_p99_ms": None, "segment": None, **fields,
    }  # fmt: skip
    return Metric.model_validate(figures).encoded()


def told(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stdout is not None
    return next(line for line in process.stdout if words in line)


def champion(client: MlflowClient, name: str) -> str | None:
    """The tag of the version that the alias is at."""
    try:
        return client.get_model_version_by_alias(name, "champion").tags["scoreloop.version"]
    except Exception:  # noqa: BLE001 (there is no model yet, or no alias)
        return None


def windows(client: MlflowClient, run: str) -> list[tuple[int, int, float]]:
    history = client.get_metric_history(run, "champion.error")
    return sorted((point.step, point.timestamp, point.value) for point in history)


def test_all_of_a_stream_comes_to_mlflow_once_whatever_happens_to_either(
    kafka: Kafka, tmp_path: Path, server: Server
) -> None:
    stream = Stream(kafka, tmp_path)
    name, client = stream.settings.name, MlflowClient(server.uri, server.uri)
    stream.train(seed=1)
    stream.send([window(1, 1), window(1, 2, final=False), window(9, 2), b"?"], topics.METRICS)
    stream.send([window(1, 2, segment={"feature": "country", "value": "NO"})], topics.METRICS)

    def crowned(version: int) -> None:
        until(lambda: champion(client, name) == str(version) or None, f"the alias at {version}")

    with stream.scorer(), stream.command("mlflow", stream.path.name) as publisher:
        assert "again in 1 s" in told(publisher, "MLflow is not up to date")
        stream.train(seed=2)
        stream.await_worker(lambda worker: worker.champion == 2)  # the loop knows nothing of it
        server.start()
        crowned(2)
        server.send(signal.SIGSTOP)
        stream.train(seed=3)
        stream.send([window(1, 3), window(2, 4)], topics.METRICS)
        told(publisher, "MLflow is not up to date")
        publisher.kill()
        publisher.wait()
        server.send(signal.SIGCONT)
    with stream.command("mlflow", stream.path.name):
        crowned(3)
        back = roles(stream).model_copy(update={"epoch": 4, "champion": 1, "previous": ()})
        stream.put(b"roles/4", back.encoded())
        stream.put(b"roles", back.encoded())
        crowned(1)
        stream.send([window(1, 5)], topics.METRICS)
        [experiment] = [one for one in client.search_experiments() if one.name == name]
        runs = {
            run.data.tags["scoreloop.version"]: run for run in client.search_runs([experiment.experiment_id])
        }
        until(lambda: len(windows(client, runs["1"].info.run_id)) == 3 or None, "the newest window")
    everything = client.search_runs([experiment.experiment_id])
    assert sorted(run.data.tags["scoreloop.version"] for run in everything) == ["1", "2", "3"]
    versions = client.search_model_versions(f"name = '{name}'")
    assert sorted(one.tags["scoreloop.version"] for one in versions) == ["1", "2", "3"]
    assert windows(client, runs["1"].info.run_id) == [(i, (i + 1) * HOUR, i / 100) for i in (1, 3, 5)]
    assert windows(client, runs["2"].info.run_id) == [(4, 5 * HOUR, 0.04)]
    made = manifest(stream, 2)
    assert runs["2"].data.metrics["error"] == made.metrics["error"]
    assert runs["2"].data.params["family"] == made.params["family"]
    assert runs["2"].info.status == "FINISHED"
    files = {item.path for item in client.list_artifacts(runs["2"].info.run_id)}
    assert files == {"manifest.json", "model", "search.png"}
    [version] = [one for one in versions if one.tags["scoreloop.version"] == "2"]
    path = client.download_artifacts(version.run_id, "model/artifact.skops", str(tmp_path))
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == made.artifact_sha256
