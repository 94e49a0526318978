"""One `up` a stream: a lock that the operating system releases when its holder ends, however that ends."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events.errors import ScoreloopError


@contextmanager
def only_one(what: str, cluster: str, stream: str) -> Iterator[None]:
    """Hold the right to run `what` for `stream` on this machine.

    Raises:
        ScoreloopError: another process holds it; the sentence names it.
    """
    name = hashlib.sha256(f"{cluster} {stream} {what}".encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"scoreloop-{os.getuid()}-{name}.lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise ScoreloopError(
                f"`scoreloop {what}` already runs for {stream} (process {holder}); stop that one first"
            ) from None
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
