"""Java: whether this machine has one that Kafka runs on, and the command that runs a class of Kafka's."""

import re
import shutil
import subprocess
from pathlib import Path

OLDEST = 17

_MEMORY = ("-Xmx512m", "-XX:+UseSerialGC")  # 350 MB resident: a development machine has other things to do
_LOGGING = ("-Dlog4j2.level=WARN",)  # what needs a person; INFO writes 500 lines a start


def lack() -> str | None:
    """What keeps Kafka from running on this machine's Java, or None if nothing does."""
    if shutil.which("java") is None:
        return f"there is no `java` on PATH (Kafka needs Java {OLDEST} or newer)"
    answer = subprocess.run(
        ["java", "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    found = version(answer.stderr)
    if found is None:
        return f"`java -version` does not say which Java it is (Kafka needs Java {OLDEST} or newer)"
    return None if found >= OLDEST else f"the `java` on PATH is Java {found} (Kafka needs {OLDEST} or newer)"


def version(answer: str) -> int | None:
    """The feature release in the answer of `java -version`: 17 for "17.0.15", 8 for "1.8.0_292"."""
    match = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(match[1]) if match else None


def command(jars: Path, main: str, *arguments: str) -> list[str]:
    """The command that runs the class `main` with every jar of the folder `jars`."""
    return ["java", *_MEMORY, *_LOGGING, "-cp", f"{jars}/*", main, *arguments]
