"""A version's artefact from the registry: checked against the manifest, and loaded to score again."""

import hashlib
from functools import cached_property
from typing import Any

import fsspec

from events.records import Manifest

FORMAT = "skops"
TRUSTED = (
    "models.deep.NetworkClassifier",
    "models.deep.NetworkRegressor",
    "models.online.OnlineClassifier",
    "models.online.OnlineRegressor",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
)
"""What may be built beyond skops's own list of safe types: arrays' types, the nodes of trees, objects of a
few numbers, and the estimators of networks and online versions, data all of them; these two are ours, and are
asked for answers as scikit-learn's are. The manifest's hash says that these are the bytes that served, not
that they are harmless: whoever can write `models` and the registry can make them agree, and the auditor is
not to run their code."""


class NotReplayableError(Exception):
    """The artefact cannot be loaded here; its text says why."""


class Artifacts:
    """The artefacts of one stream; each is read when it is asked for."""

    def __init__(self, url: str, manifests: dict[int, Manifest]) -> None:
        self._url = url
        self._manifests = manifests
        self._trouble: dict[int, str | None] = {}

    def trouble(self, version: int) -> str | None:
        """What is wrong with a version's artefact, None where it is what the manifest says. Asked once."""
        if version not in self._trouble:
            self._trouble[version] = self._read(version)[1]
        return self._trouble[version]

    def load(self, version: int) -> Any:
        """The version's pipeline.

        Raises:
            NotReplayableError: its bytes are not those of the manifest, or hold what is not trusted.
        """
        import skops.io  # noqa: PLC0415 (a second and a half that `--replay 0` and --help need not wait)

        data, trouble = self._read(version)
        if trouble is not None:
            raise NotReplayableError(trouble)
        if (made := self._manifests[version].format) != FORMAT:
            raise NotReplayableError(f"the format {made!r}, of which this audit knows nothing")
        try:
            if unknown := set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED):
                raise NotReplayableError(  # noqa: TRY301 (one place names what cannot be replayed)
                    f"the type {min(unknown)!r:.200}, which is not trusted"
                )
            return skops.io.loads(data, trusted=list(TRUSTED))
        except NotReplayableError:
            raise
        except Exception as error:
            raise NotReplayableError(
                f"an artefact that skops cannot read ({type(error).__name__})"
            ) from error

    @cached_property
    def _store(self) -> tuple[Any, str]:
        files, root = fsspec.core.url_to_fs(self._url)
        return files, root

    def _read(self, version: int) -> tuple[bytes, str | None]:
        if version not in self._manifests:
            return b"", "no manifest"
        sha256 = self._manifests[version].artifact_sha256
        try:
            files, root = self._store
            data: bytes = files.cat_file(f"{root}/artifacts/{sha256}")
        except Exception as error:  # noqa: BLE001 (each store has errors of its own)
            return b"", f"cannot be read ({type(error).__name__})"
        if hashlib.sha256(data).hexdigest() != sha256:
            return b"", "other bytes than its manifest's hash"
        return data, None
