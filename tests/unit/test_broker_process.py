import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.broker import java, process
from ops.broker.process import Process, telling

PORT_TAKEN = """\
2026-01-01T00:00:00Z main ERROR [BrokerServer id=1] Fatal error during broker startup. Prepare to shutdown
java.lang.RuntimeException: Unable to start acceptor for PLAINTEXT
\tat kafka.network.Acceptor.liftedTree1$1(SocketServer.scala:531)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 18 more

"""


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (PORT_TAKEN, "Caused by: java.net.BindException: Address already in use"),
        ("Unrecognized option: -x\nError: it failed.\n", "Error: it failed."),
        ("\tat a frame alone\n\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_last_words_are_no_stack_frame(log: str, words: str) -> None:
    assert telling(log) == words


@pytest.mark.parametrize(
    ("answer", "release"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx\njava version "1.8.0_292"', 8),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ('java version "21"', 21),
        ("no java here", None),
    ],
)
def test_the_release_of_java(answer: str, release: int | None) -> None:
    assert java.version(answer) == release


OLD = "the `java` on PATH is Java 11 (Kafka needs 17 or newer)"


@pytest.mark.parametrize(("release", "lack"), [("11.0.2", OLD), ("17.0.1", None), ("25", None)])
def test_an_old_java_is_named(
    release: str, lack: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{release}\"' >&2\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java.lack() == lack


def test_a_process_number_that_went_to_another_program_is_not_the_broker(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    assert Process(tmp_path, 1, tmp_path).pid() is None


@pytest.mark.parametrize("note", ["", "no number", "999999999"])
def test_a_pid_file_that_names_nobody(tmp_path: Path, note: str) -> None:
    (tmp_path / "pid").write_text(note)
    assert Process(tmp_path, 1, tmp_path).pid() is None


def test_a_running_broker_is_known_by_its_command_and_dead_once_it_is_killed(tmp_path: Path) -> None:
    node = Process(tmp_path, 1, tmp_path)
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)", "kafka.Kafka"]
    with subprocess.Popen([*sleeper, str(tmp_path / "server.properties")]) as broker:
        (tmp_path / "pid").write_text(str(broker.pid))
        known = node.pid()
        broker.kill() if known is None else node.kill()
        assert known == broker.pid
        os.waitid(os.P_PID, broker.pid, os.WEXITED | os.WNOWAIT)
        assert node.pid() is None  # a zombie: ended, and nobody has asked how


def test_both_ways_to_a_command_agree() -> None:
    assert process._from_ps(os.getpid()) == process._command_line(os.getpid())  # noqa: SLF001 (macOS's way)
    assert process._from_ps(999_999_999) == ""  # noqa: SLF001 (macOS's way)
