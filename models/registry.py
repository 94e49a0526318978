"""The registry: artefacts and training rows, each under the SHA-256 of its bytes. The one file with disk I/O.

    <url>/artifacts/<sha256>    a version's artefact
    <url>/rows/<sha256>         the rows that a version was trained on, as Parquet
    <url>/searches/<sha256>     what a search has found so far, under the SHA-256 of its work

Of the first two nothing is ever changed: what is there under a name is that, and a reader checks. What no
manifest names is garbage: what a search found, and a temporary that a killed writer left behind.
"""

import hashlib
import io
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import fsspec
from fsspec.implementations.local import LocalFileSystem

from events.errors import ScoreloopError

ARTIFACTS = "artifacts"
ROWS = "rows"
SEARCHES = "searches"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = ".temporary-"


class Kept(NamedTuple):
    """One thing in the store: `name` is its hash, or a temporary's; `modified` in milliseconds."""

    kind: str
    name: str
    size: int
    modified: int


class Registry:
    """The store at `url`: a folder, or any fsspec URL.

    Raises:
        ScoreloopError: no such kind of store is installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise ScoreloopError(f"[registry] url: cannot be opened: {error}") from None

    def put(self, data: bytes) -> str:
        """Keep an artefact; its SHA-256. When this returns, a crash does not lose it.

        Raises:
            ScoreloopError: it could not be written; nothing half-written is left.
        """
        return self._put(ARTIFACTS, data)

    def get(self, sha256: str) -> bytes:
        """The artefact of that hash: read once, and these very bytes checked.

        Raises:
            ScoreloopError: it is missing, cannot be read, or its bytes have another hash.
        """
        return self._get(ARTIFACTS, sha256)

    def put_rows(self, columns: Mapping[str, Sequence[Any]]) -> str:
        """Keep training rows, a list of values a column; the SHA-256 of their Parquet file.

        The same columns, values and packages give the same bytes.

        Raises:
            ScoreloopError: a column mixes types, or it could not be written.
        """
        import pyarrow as pa  # noqa: PLC0415 (half a second, which a scorer need not wait)
        from pyarrow import parquet  # noqa: PLC0415

        try:
            table = pa.table(dict(columns))
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise ScoreloopError(f"the rows cannot be kept as Parquet: {error}") from None
        buffer = io.BytesIO()
        parquet.write_table(table, buffer, compression="zstd")
        return self._put(ROWS, buffer.getvalue())

    def get_rows(self, sha256: str) -> dict[str, list[Any]]:
        """The training rows of that hash, as they were put; a whole number among fractions comes as 1.0.

        Raises:
            ScoreloopError: as for `get`.
        """
        from pyarrow import parquet  # noqa: PLC0415

        rows: dict[str, list[Any]] = parquet.read_table(io.BytesIO(self._get(ROWS, sha256))).to_pydict()
        return rows

    def restore(self, kind: str, data: bytes) -> str:
        """Put back what was there before, under `ARTIFACTS` or `ROWS`; its SHA-256.

        Raises:
            ScoreloopError: as for `put`.
        """
        return self._put(kind, data)

    def read(self, kind: str, sha256: str) -> bytes:
        """The bytes of that hash, artefact or rows.

        Raises:
            ScoreloopError: as for `get`.
        """
        return self._get(kind, sha256)

    def note(self, name: str, data: bytes) -> None:
        """Keep what a search has found so far, in place of what was there under its `name`.

        Raises:
            ScoreloopError: as for `put`.
        """
        self._replace(SEARCHES, name, data)

    def noted(self, name: str) -> bytes | None:
        """What `note` has kept; None without. Whether it makes sense is the reader's to see.

        Raises:
            ScoreloopError: it cannot be read.
        """
        path = f"{self._root}/{SEARCHES}/{name}"
        try:
            data: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise ScoreloopError(f"{self._shown(path)} cannot be read: {_said(error)}") from error
        return data

    def kept(self) -> list[Kept]:
        """Everything that is there, what a killed writer left behind too.

        Raises:
            ScoreloopError: it cannot be listed.
        """
        try:
            self._files.invalidate_cache()
            return [
                Kept(kind, PurePosixPath(path).name, facts["size"], self._modified(path))
                for kind in (ARTIFACTS, ROWS, SEARCHES)
                for path, facts in self._files.find(f"{self._root}/{kind}", detail=True).items()
            ]
        except FileNotFoundError:
            return []  # as one was removed by another: what is left is looked at next time
        except Exception as error:
            raise ScoreloopError(f"{self._shown(self._root)} cannot be listed: {_said(error)}") from error

    def remove(self, one: Kept) -> bool:
        """Remove what `kept` told of, unless it was written again since; whether it is gone.

        Raises:
            ScoreloopError: it cannot be removed.
        """
        path = f"{self._root}/{one.kind}/{one.name}"
        try:
            if self._modified(path) != one.modified:
                return False
            self._files.rm_file(path)
        except FileNotFoundError:
            return True
        except Exception as error:
            raise ScoreloopError(f"{self._shown(path)} cannot be removed: {_said(error)}") from error
        return True

    def _modified(self, path: str) -> int:
        moment: datetime = self._files.modified(path)
        return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)

    def _put(self, kind: str, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self._replace(kind, sha256, data)
        return sha256

    def _replace(self, kind: str, name: str, data: bytes) -> None:
        """All of `data` under `name`, or what was there before."""
        folder = f"{self._root}/{kind}"
        temporary = f"{folder}/{_TEMPORARY}{uuid.uuid4().hex}"
        write = _write_durably if isinstance(self._files, LocalFileSystem) else self._write
        try:
            try:
                write(temporary, f"{folder}/{name}", data)
            finally:
                if self._files.exists(temporary):
                    self._files.rm_file(temporary)
        except Exception as error:
            raise ScoreloopError(
                f"the registry cannot be written at {self._shown(folder)}: {_said(error)}"
            ) from error

    def _get(self, kind: str, sha256: str) -> bytes:
        if not _SHA256.fullmatch(sha256):
            raise ScoreloopError(f"{sha256[:80]!r} is no SHA-256 (64 hexadecimal digits, small letters)")
        path = f"{self._root}/{kind}/{sha256}"
        try:
            data: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            raise ScoreloopError(
                f"the registry has no {self._shown(path)}; check [registry] url, or restore it from a copy"
            ) from None
        except Exception as error:  # each store has errors of its own beside OSError
            raise ScoreloopError(f"{self._shown(path)} cannot be read: {_said(error)}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ScoreloopError(
                f"{self._shown(path)} has other bytes than its name says: not used; restore it from a copy"
            )
        return data

    def _write(self, temporary: str, path: str, data: bytes) -> None:
        """Put, then move: an object store shows either all of an object or nothing."""
        self._files.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        self._files.pipe_file(temporary, data)
        self._files.mv(temporary, path)

    def _shown(self, path: str) -> str:
        """`path` for a person, without what the URL may hold of secrets."""
        return path if isinstance(self._files, LocalFileSystem) else str(self._files.unstrip_protocol(path))


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or f"{error}"


def _write_durably(temporary: str, path: str, data: bytes) -> None:
    """After this `path` has all of `data`, and keeps it if the machine stops."""
    folder = Path(path).parent
    _make(folder)
    with Path(temporary).open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
    _sync(folder)


def _make(folder: Path) -> None:
    """Make `folder` and those above it that are missing."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
