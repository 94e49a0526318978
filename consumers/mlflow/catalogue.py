"""What MLflow has of a stream: an experiment with a run for each version, and a registered model of these.

Whatever is to be there is looked for first, so that what was cut off in its midst may be done again: nothing
comes twice. A run is finished when all that the manifest says is in it.
"""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from consumers.mlflow.facts import numbers, params, pictures
from events.errors import ScoreloopError
from events.records import Manifest, Metric
from events.settings import Settings, mlflow_in_time
from models.opening import FORMATS
from models.registry import Registry

CHAMPION = "champion"
"""The alias of who serves."""
VERSION = "scoreloop.version"
_ID = "scoreloop.id"
_PLACE = "scoreloop.read."
_FINISHED, _FOLDER = "FINISHED", "model"
_ANSWER_SECONDS = 5
_AT_ONCE = 500
"""MLflow takes a thousand metrics in one request."""

_log = logging.getLogger(__name__)


class Catalogue:
    """The experiment and the registered model of the stream, each with its name; made where they are not.

    Raises:
        ScoreloopError: MLflow's client is not installed.
        Exception: its client has errors of several kinds; so do all calls.
    """

    def __init__(self, settings: Settings) -> None:
        mlflow_in_time(_ANSWER_SECONDS)
        try:
            from mlflow import MlflowClient, entities  # noqa: PLC0415 (the extra `mlflow`; seconds)
        except ImportError:
            raise ScoreloopError(
                "MLflow's client is not installed: pip install 'scoreloop[mlflow]'"
            ) from None
        uri = settings.mlflow.tracking_uri
        self._client, self._entities = MlflowClient(uri, uri), entities
        self._name, self._window = settings.name, settings.windows.length
        self._registry = Registry(settings.registry.url)
        known = self._client.get_experiment_by_name(self._name)
        self._experiment = known.experiment_id if known else self._client.create_experiment(self._name)
        self._places = known.tags if known else {}
        if not self._client.search_registered_models(f"name = '{self._name}'"):
            self._client.create_registered_model(self._name)
        runs = _all(lambda page: self._client.search_runs([self._experiment], page_token=page))
        self._runs = {run.data.tags[_ID]: run.info for run in runs if _ID in run.data.tags}
        filed = f"name = '{self._name}'"
        versions = _all(lambda page: self._client.search_model_versions(filed, page_token=page))
        self._versions = {one.tags[_ID]: one.version for one in versions if _ID in one.tags}
        self._champion = self._client.get_registered_model(self._name).aliases.get(CHAMPION)

    def add(self, manifest: Manifest) -> bool:
        """Have a version there: its run, and the model of it; whether anything of it was missing."""
        name = _named(manifest)
        run = self._runs.get(name)
        if run is not None and run.status == _FINISHED and name in self._versions:
            return False
        tags = {_ID: name, VERSION: str(manifest.version), "scoreloop.decision": manifest.decision_id}
        if run is None:
            made = self._client.create_run(
                self._experiment, manifest.created_ts, tags, f"{self._name} v{manifest.version}"
            )
            run = self._runs[name] = made.info
        if run.status != _FINISHED:
            self._fill(run.run_id, manifest)
            self._runs[name] = self._client.get_run(run.run_id).info
        if name not in self._versions:
            source = f"{run.artifact_uri}/{_FOLDER}"
            one = self._client.create_model_version(
                self._name, source, run.run_id, tags, await_creation_for=0
            )
            self._versions[name] = one.version
        return True

    def crown(self, manifest: Manifest) -> bool:
        """Have the alias at a version, which was added; whether it was elsewhere."""
        if (version := self._versions[_named(manifest)]) == self._champion:
            return False
        self._client.set_registered_model_alias(self._name, CHAMPION, version)
        self._champion = version
        return True

    def measured(self, manifest: Manifest, windows: Iterable[Metric]) -> None:
        """Have final figures in the run of a version, which was added: at the window's end, by its number."""
        points = [
            self._entities.Metric(
                f"{window.role}.{name}", value, window.to_ts, window.from_ts // self._window
            )
            for window in windows
            for name, value in {"error": window.error, "coverage": window.coverage, **window.values}.items()
            if value is not None
        ]
        self._log(self._runs[_named(manifest)].run_id, points)

    def place(self, topic: str) -> int:
        """Up to which offset a topic has been read for `measured`."""
        return int(self._places.get(f"{_PLACE}{topic}", 0))

    def keep_place(self, topic: str, offset: int) -> None:
        """Note it, after what came before it was measured."""
        self._client.set_experiment_tag(self._experiment, f"{_PLACE}{topic}", str(offset))

    def _fill(self, run: str, manifest: Manifest) -> None:
        """All that the manifest says, its pictures, and the artefact where the registry still has it."""
        self._log(
            run,
            [
                self._entities.Metric(name, value, manifest.created_ts, 0)
                for name, value in numbers(manifest.metrics)
            ],
        )
        given = [self._entities.Param(name, value) for name, value in params(manifest).items()]
        self._client.log_batch(run, params=given)
        self._client.log_text(run, manifest.model_dump_json(indent=2), "manifest.json")
        for name, figure in pictures(manifest).items():
            self._client.log_figure(run, figure, name)
        try:
            self._keep(run, manifest)
        except ScoreloopError as error:
            _log.warning("version %d is in MLflow without its artefact: %s", manifest.version, error)
        self._client.set_terminated(run, _FINISHED, manifest.created_ts)

    def _keep(self, run: str, manifest: Manifest) -> None:
        data = self._registry.get(manifest.artifact_sha256)
        form = manifest.format if manifest.format in FORMATS else "bin"  # no path that a record gives
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"artifact.{form}"
            path.write_bytes(data)
            self._client.log_artifact(run, str(path), _FOLDER)

    def _log(self, run: str, points: Sequence[Any]) -> None:
        for begin in range(0, len(points), _AT_ONCE):
            self._client.log_batch(run, metrics=points[begin : begin + _AT_ONCE])


def _named(manifest: Manifest) -> str:
    """What is the version's alone, also where a stream of that name was there before."""
    return f"{manifest.version}-{manifest.decision_id}"


def _all(page: Callable[[str | None], Any]) -> Iterator[Any]:
    token = None
    while True:
        found = page(token)
        yield from found
        if not (token := found.token):
            return
