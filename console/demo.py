"""`scoreloop demo`: the main job on a real Kafka, from an empty folder to a summary for a person."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from console.child import program
from console.demo_data import LABEL, written
from console.facts import facts
from events import topics
from events.errors import ScoreloopError
from events.settings import BOOTSTRAP_VARIABLE, Settings, load
from ops.broker import cluster
from transport import clients

NAME = "shuttle"
FIRST, FAILS, END = 2_000, 10_000, 49_000
"""Rows: what the first version learns from, where the sensor fails, and where the data end."""
PIECE, LAST = 3_000, 6_000
"""Rows that are sent at once while the loop is waited for, and after the sensor is mended."""
RATE = 750
WORKERS = 2
TRIAL = (
    '[decisions]\nstrategy = "canary"    # what passes its gate serves a share first, until labels decide\n'
)

_MARK = ".scoreloop-demo"
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.5
_END_SECONDS = 15.0


@click.command(epilog="Example: scoreloop demo --dir demo")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where the broker, the settings, the registry and the pages are; emptied first.",
)
def demo(folder: Path) -> None:
    """Let the loop mend itself on a real Kafka: a sensor fails, the error rises, a new version takes over.

    The stream is the Statlog Shuttle data that river carries: readings of a space shuttle's sensors, about 7
    in 100 of them anomalies. Labels come late and one in ten never. At row 10,000 the demo lets a sensor die.
    The loop notices by the measured error, retrains, tries the new version on a tenth of the traffic, and
    promotes it once labels have shown that it is better; when the sensor is mended, an operator rolls back.
    Takes under three minutes, plus the first download of Kafka. Exits 1 when the loop
    did not recover or a promise does not hold.
    """
    from console.demo_summary import Cast, summary

    folder = _emptied(folder)
    began = time.monotonic()
    with _broker(folder) as servers:
        settings = _stream(folder, servers)
        stream = str(folder / "stream.toml")
        with started("up", stream, "--workers", str(WORKERS)), started("watch", stream, *WATCHED):
            _await(lambda: _scorers(settings) == ["serving"] * WORKERS, "the scorers did not start serving")
            mended = _failing(settings, stream, folder / "shuttle-sensor-fails.csv")
            if _promoted(settings):
                run("rollback", stream, "--reason", "the sensor is mended")
            last = mended + LAST
            _feed(stream, folder / "shuttle.csv", mended, last, "--finish")
        verified = run("verify", stream, check=False) == 0
        cast = Cast(FIRST, FAILS, mended, last)
        holds = summary(settings, cast, folder, verified=verified, seconds=time.monotonic() - began)
    sys.stdout.flush()
    if not holds:
        raise ScoreloopError("a check of the demo does not hold; see the summary")


WATCHED = ("--topic", "drift", "--topic", "control", "--topic", "models")


def run(*arguments: str, check: bool = True) -> int:
    """Run one command of scoreloop's in front of the user; its exit code.

    Raises:
        ScoreloopError: it did not exit 0, and that was to be checked.
    """
    click.secho(f"\n$ scoreloop {' '.join(arguments)}", bold=True)
    code = subprocess.run([*program(), *arguments], check=False).returncode
    if code and check:
        raise ScoreloopError(f"`scoreloop {arguments[0]}` ended with {code}")
    return code


@contextlib.contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """One command of scoreloop's beside others, ended as by Ctrl-C if it still runs at the end."""
    click.secho(f"\n$ scoreloop {' '.join(arguments)} &", bold=True)
    process = subprocess.Popen([*program(), *arguments], stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _stream(folder: Path, servers: str) -> Settings:
    """The stream with its topics and a first version."""
    sound, _ = written(folder, range(FAILS, END))
    path = folder / "stream.toml"
    made = ("--name", NAME, "--output", str(path), "--bootstrap", servers)
    run("init", "--csv", str(sound), "--label", LABEL, "--horizon", "10m", "--window", "10m", *made)
    path.write_text(path.read_text(encoding="utf-8").replace("[decisions]\n", TRIAL), encoding="utf-8")
    run("topics", "create", str(path))
    run("train", str(path), "--csv", str(sound), "--rows", f"0:{FIRST}")
    return load(path, {BOOTSTRAP_VARIABLE: servers})


def _feed(stream: str, data: Path, begin: int, end: int, *more: str) -> None:
    rows = ("--rows", f"{begin}:{end}", "--rate", str(RATE))
    run("feed", stream, "--csv", str(data), *rows, "--label-delay", "5m", "--missing", "0.1", *more)


@contextlib.contextmanager
def _broker(folder: Path) -> Iterator[str]:
    """A broker of the demo's own in `folder`, stopped at the end; where it listens."""
    data = folder / "broker"
    run("broker", "start", "--data", str(data), "--port", "0")
    try:
        yield cluster.status(data).bootstrap_servers or ""
    finally:
        run("broker", "stop", "--data", str(data))


def _emptied(folder: Path) -> Path:
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ScoreloopError(f"{folder} holds something that is not a demo's; name another with --dir")
    if (folder / "broker").exists():
        cluster.stop(folder / "broker", say=click.echo)  # of a demo that was killed
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    return folder


def _scorers(settings: Settings) -> list[str]:
    workers = facts(clients.admin(settings.kafka), settings).services[topics.SCORER].workers
    return [worker.state for worker in workers]


def _failing(settings: Settings, stream: str, data: Path) -> int:
    """Send events until the loop has mended itself, and some more; the row at which the sensor is mended."""
    row = FAILS + PIECE
    _feed(stream, data, FIRST, row)
    while not _promoted(settings) and row + 2 * PIECE + LAST <= END:
        _feed(stream, data, row, row + PIECE)
        row += PIECE
    _feed(stream, data, row, row + PIECE)
    return row + PIECE


def _promoted(settings: Settings) -> bool:
    roles = facts(clients.admin(settings.kafka), settings).roles
    return roles is not None and roles["champion"] > 1


def _await(holds: Callable[[], bool], sentence: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise ScoreloopError(f"{sentence} in {_PATIENCE_SECONDS:.0f} s; what `up` said is above")
        time.sleep(_LOOK_SECONDS)
