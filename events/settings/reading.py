"""`stream.toml` and the environment, read: the one place that reads either."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from events.errors import ScoreloopError
from events.settings.errors import sentence
from events.settings.stream import Settings

BOOTSTRAP_VARIABLE = "SCORELOOP_BOOTSTRAP_SERVERS"
SIGNING_KEY_VARIABLE = "SCORELOOP_SIGNING_KEY"
MLFLOW_VARIABLE = "MLFLOW_TRACKING_URI"
PUBLIC_KEY_PREFIX = "ed25519:"
_PUBLIC_KEY = re.compile(re.escape(PUBLIC_KEY_PREFIX) + r"[A-Za-z0-9+/]{43}=")


def keras_on_jax() -> None:
    """Tell Keras, before it is imported, by which backend it computes: another gives other answers."""
    os.environ["KERAS_BACKEND"] = "jax"


def mlflow_in_time(seconds: int) -> None:
    """Tell MLflow's client, before it is imported, how long it may wait, unless the environment does.

    Left alone it tries seven times, two minutes each, and reports its use to its makers.
    """
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(seconds))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def read_toml(path: Path, if_missing: str = "") -> dict[str, Any]:
    """What the file says; `if_missing` ends the sentence where there is none.

    Raises:
        ScoreloopError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScoreloopError(f"{path}: no such file{if_missing}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScoreloopError(f"{path}: cannot be read as TOML: {error}") from None


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `path`.

    `SCORELOOP_BOOTSTRAP_SERVERS` overrides the file's servers, `SCORELOOP_SIGNING_KEY` its signing key, and
    `MLFLOW_TRACKING_URI` its `[mlflow] tracking_uri`. A registry that is no URL is taken as a folder beside
    the file, and so are the files that hold keys.

    Raises:
        ScoreloopError: the file is missing or no TOML, or a key is unknown, of a wrong type or contradictory:
            the sentence names the file, the key and what is allowed.
    """
    document = read_toml(path, "; `scoreloop init` writes one from a CSV")
    if servers := environ.get(BOOTSTRAP_VARIABLE):
        _override(document, "kafka", "bootstrap_servers", servers)
    if signing_key := environ.get(SIGNING_KEY_VARIABLE):
        _override(document, "registry", "signing_key", str(Path(signing_key).absolute()))
    if tracking_uri := environ.get(MLFLOW_VARIABLE):
        _override(document, "mlflow", "tracking_uri", tracking_uri)
    return _checked(document, path)


def _override(document: dict[str, Any], section: str, key: str, value: str) -> None:
    if isinstance(table := document.setdefault(section, {}), dict):
        table[key] = value


def _checked(document: dict[str, Any], path: Path) -> Settings:
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise ScoreloopError(f"{path}: {sentence(error, Settings)}") from None
    folder, registry = path.resolve().parent, settings.registry
    found = {
        "url": registry.url if "://" in registry.url else str(folder / registry.url),
        "signing_key": registry.signing_key and str(folder / registry.signing_key),
        "public_keys": tuple(key for entry in registry.public_keys for key in _keys(entry, folder, path)),
    }
    return settings.model_copy(update={"registry": registry.model_copy(update=found)})


def _keys(entry: str, folder: Path, path: Path) -> list[str]:
    """The public keys that an entry is, or that stand in the file that it names."""
    where = f"{path}: [registry] public_keys: {entry!r:.100}"
    found = [entry]
    if not entry.startswith(PUBLIC_KEY_PREFIX):
        try:
            lines = (folder / entry).read_text(encoding="ascii").splitlines()
        except (OSError, ValueError) as error:
            raise ScoreloopError(f"{where} is neither a key nor a file that can be read: {error}") from None
        found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found or not all(map(_PUBLIC_KEY.fullmatch, found)):
        raise ScoreloopError(f"{where} is no key: `{PUBLIC_KEY_PREFIX}` and 32 bytes in Base64")
    return found
