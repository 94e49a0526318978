"""What `scoreloop models` does with the registry's files: copies, copies back, garbage."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from console.stock import Stock, files
from consumers.trainer.draft import DRAFT
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.records import Decision
from events.settings import Settings
from models.registry import ARTIFACTS, ROWS, Kept, Registry
from transport.reading import read_to_end


class Garbage(NamedTuple):
    """Files of a registry that nothing names."""

    registry: Registry
    files: list[Kept]


def copied(stock: Stock, version: int, folder: Path) -> list[Path]:
    """Write a version's files and its manifest to `folder`; their paths.

    Raises:
        ScoreloopError: one is missing, has another hash, or cannot be written.
    """
    from models.opening import FORMATS

    manifest = stock.manifest(version)
    form = manifest.format if manifest.format in FORMATS else "bin"  # a name, not a path that a record gives
    names = {ARTIFACTS: f"artifact.{form}", ROWS: "rows.parquet"}
    contents = {names[kind]: stock.registry.read(kind, sha256) for kind, sha256 in files(manifest).items()}
    contents["manifest.json"] = stock.records[topics.version_key(version)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ScoreloopError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return [folder / name for name in contents]


def restored(stock: Stock, folder: Path) -> list[tuple[str, str]]:
    """Put those of the folder's files back whose hash a version names: their kinds and hashes.

    Raises:
        ScoreloopError: one cannot be read, or the registry not be written.
    """
    kinds = {
        sha256: kind for manifest in stock.view.manifests.values() for kind, sha256 in files(manifest).items()
    }
    return [
        (kind, stock.registry.restore(kind, data))
        for data in _contents(folder)
        if (kind := kinds.get(hashlib.sha256(data).hexdigest()))
    ]


def garbage(settings: Settings, age: int) -> Garbage:
    """What no manifest names, no decision that waits, and nobody has written for `age` milliseconds.

    The files are listed before `models` is read: what a training puts there meanwhile is not among them.
    """
    old = time.time_ns() // 1_000_000 - age
    registry = Registry(settings.registry.url)
    listed = [one for one in registry.kept() if one.modified < old]
    stock = Stock(settings)
    named = stock.named() | set(_waiting(settings, stock))
    return Garbage(registry, [one for one in listed if (one.kind, one.name) not in named])


def collected(found: Garbage) -> list[Kept]:
    """Remove garbage; what was removed. A file that was written again since stays."""
    return [one for one in found.files if found.registry.remove(one)]


def _waiting(settings: Settings, stock: Stock) -> Iterator[tuple[str, str]]:
    """What versions consist of that wait in `control` for the trainer."""
    for message in read_to_end(settings.kafka, topics.CONTROL.of(settings.name)):
        decision = Decision.found(octets(message.value()) or b"")
        if decision is None or topics.decision_key(decision.decision_id) in stock.records:
            continue
        if isinstance(draft := decision.evidence.get(DRAFT), dict):
            yield ARTIFACTS, str(draft.get("artifact_sha256"))
            trained_on = draft.get("trained_on")
            yield ROWS, str(trained_on.get("rows_sha256")) if isinstance(trained_on, dict) else ""


def _contents(folder: Path) -> Iterator[bytes]:
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.read_bytes()
    except OSError as error:
        raise ScoreloopError(f"{folder}: cannot be read: {error.strerror or error}") from None
