import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from events.errors import ScoreloopError
from ops.broker import engine, jars, places

MAVEN = """#!/bin/sh
for argument; do case $argument in -DoutputDirectory=*) into=${argument#*=};; esac; done
/bin/mkdir "$into"
echo x >>"${0%/*}/runs"
IN BETWEEN
echo jar >"$into/kafka_2.13-VERSION.jar"
""".replace("VERSION", jars.VERSION)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, name: str, text: str) -> None:
    (path / name).write_text(text)
    (path / name).chmod(0o755)


def test_the_pom_names_the_same_version() -> None:
    assert re.findall(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", jars.POM.read_text()) == [jars.VERSION]


def test_two_at_once_download_once(tmp_path: Path, path: Path) -> None:
    program(path, "mvn", MAVEN.replace("IN BETWEEN", "/bin/sleep 0.2"))
    together = threading.Barrier(2)
    said: list[str] = []

    def fetch() -> Path:
        together.wait()
        return jars.fetched(tmp_path / "cache", said.append)

    with ThreadPoolExecutor(2) as pool:
        folders = {future.result() for future in [pool.submit(fetch), pool.submit(fetch)]}
    assert folders == {jars.folder(tmp_path / "cache")}
    assert (path / "runs").read_text() == "x\n"
    assert len(said) == 1
    jars.fetched(tmp_path / "cache", said.append)
    assert len(said) == 1  # quiet when there is nothing to do


@pytest.mark.parametrize("end", ["kill -9 $$", "echo '[ERROR] no such jar'; echo '[ERROR] help'; exit 1"])
def test_an_interrupted_download_is_begun_again(tmp_path: Path, path: Path, end: str) -> None:
    program(path, "mvn", MAVEN.replace("IN BETWEEN", end))
    with pytest.raises(ScoreloopError, match="no such jar$" if "ERROR" in end else "gave no reason$"):
        jars.fetched(tmp_path / "cache", print)
    assert not jars.folder(tmp_path / "cache").exists()
    program(path, "mvn", MAVEN.replace("IN BETWEEN", ""))
    assert [file.suffix for file in jars.fetched(tmp_path / "cache", print).iterdir()] == [".jar"]


def test_what_is_missing_is_named(tmp_path: Path, path: Path) -> None:
    with pytest.raises(ScoreloopError, match=r"no `java` on PATH .* no Docker engine .*; install Java 17"):
        engine.usable(engine.ALL, tmp_path)
    program(path, "java", "#!/bin/sh\necho 'openjdk version \"21\"' >&2\n")
    with pytest.raises(ScoreloopError, match=r"no `mvn` on PATH .* no Docker engine"):
        engine.usable(engine.ALL, tmp_path)
    jars.folder(tmp_path).mkdir()
    assert engine.usable(engine.ALL, tmp_path) == "java"  # Maven has done its part


def test_docker_is_taken_where_java_is_missing(tmp_path: Path, path: Path) -> None:
    program(path, "docker", "#!/bin/sh\nexit 1\n")
    with pytest.raises(ScoreloopError, match="no Docker engine answers"):
        engine.usable(engine.ALL, tmp_path)
    program(path, "docker", "#!/bin/sh\nexit 0\n")
    assert engine.usable(engine.ALL, tmp_path) == "docker"


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/a"}, "/home/a/.cache/scoreloop"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/fast"}, "/fast/scoreloop"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "not/absolute"}, "/home/a/.cache/scoreloop"),
    ],
)
def test_the_users_folder(environ: dict[str, str], folder: str) -> None:
    assert places.per_user("cache", environ) == Path(folder)
