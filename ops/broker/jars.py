"""Apache Kafka's jars: fetched once by Maven, kept in the user's cache, taken for whole only when whole."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from events.errors import ScoreloopError
from ops.broker import lock

VERSION = "4.3.0"
"""Apache Kafka's version: the one in pom.xml, and of the Docker image."""

POM = Path(__file__).with_name("pom.xml")

_MAVEN = ("mvn", "--batch-mode", "--quiet", "--file", str(POM), "dependency:copy-dependencies")

Say = Callable[[str], None]
"""Tells a person what is going on, a line at a time."""


def folder(cache: Path) -> Path:
    """Where the jars are, or will be."""
    return cache / f"kafka-{VERSION}"


def lack(cache: Path) -> str | None:
    """What keeps this machine from having the jars, or None if nothing does."""
    if folder(cache).is_dir() or shutil.which("mvn"):
        return None
    return "there is no `mvn` on PATH (Maven fetches Kafka's jars)"


def fetched(cache: Path, say: Say) -> Path:
    """The folder of the jars, filled first if need be (44 MB).

    Maven copies into a folder beside it that is renamed when it is complete, so an interrupted download is
    begun again, never used. Of several callers one downloads and the others wait for it.

    Raises:
        ScoreloopError: Maven failed; the sentence has its words.
    """
    whole = folder(cache)
    if whole.is_dir():
        return whole
    with lock.held(whole.with_name(f"{whole.name}.lock")):
        if not whole.is_dir():
            say(f"downloading Apache Kafka {VERSION} with Maven, once (44 MB) …")
            partial = whole.with_name(f"{whole.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            _copy_dependencies(partial)
            partial.rename(whole)
    return whole


def _copy_dependencies(into: Path) -> None:
    maven = subprocess.run(
        [*_MAVEN, f"-DoutputDirectory={into}", "-DincludeScope=runtime"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if maven.returncode or not (into / f"kafka_2.13-{VERSION}.jar").is_file():
        raise ScoreloopError(f"Maven could not fetch Apache Kafka {VERSION}: {_complaint(maven.stdout)}")


def _complaint(output: str) -> str:
    """The first error in Maven's output; the others follow from it."""
    errors = [line for line in output.splitlines() if line.startswith("[ERROR]")]
    return errors[0].removeprefix("[ERROR]").strip() if errors else "it gave no reason"
