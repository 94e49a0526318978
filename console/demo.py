"""`scoreloop demo`: the main job on a real Kafka, from an empty folder to a summary for a person."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
from river.datasets import Shuttle

from console.child import program
from console.demo_check import Finding, findings, summary
from console.facts import facts
from events import topics
from events.errors import ScoreloopError
from events.settings import BOOTSTRAP_VARIABLE, Settings, load
from ops.broker import cluster
from transport import clients

NAME = "shuttle"
FIRST, SECOND, FED = "0:400", "400:6000", range(6_000, 46_000)
RATE = 2_000
WORKERS = 2

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
    help="Where the broker, the settings and the registry are; emptied first.",
)
def demo(folder: Path) -> None:
    """Start a real Kafka, train, score a real stream exactly once, and swap the version while events flow.

    The stream is the Statlog Shuttle data that river carries: 49,097 readings of a space shuttle's sensors,
    about 7 in 100 of them anomalies. Takes about a minute, plus the first download of Kafka. Exits 1 when
    the summary's checks do not hold.
    """
    folder = _emptied(folder)
    began = time.monotonic()
    with _broker(folder) as servers:
        data = str(Path(Shuttle().path))
        stream = str(folder / "stream.toml")
        made = ("--name", NAME, "--output", stream, "--bootstrap", servers)
        run("init", "--csv", data, "--label", "anomaly", *made)
        settings = load(Path(stream), {BOOTSTRAP_VARIABLE: servers})
        run("topics", "create", stream)
        run("train", stream, "--csv", data, "--rows", FIRST)
        with started("up", stream, "--workers", str(WORKERS)):
            _await_serving(settings)
            rows = f"{FED.start}:{FED.stop}"
            with started("feed", stream, "--csv", data, "--rows", rows, "--rate", str(RATE)) as feed:
                run("train", stream, "--csv", data, "--rows", SECOND)
                if feed.wait(_PATIENCE_SECONDS):
                    raise ScoreloopError(f"`scoreloop feed` ended with {feed.returncode}")
            _await_scored(settings)
        found = findings(settings, len(FED), Path(data))
    _report(found, time.monotonic() - began)


def run(*arguments: str) -> None:
    """Run one command of scoreloop's in front of the user.

    Raises:
        ScoreloopError: it did not exit 0.
    """
    click.secho(f"\n$ scoreloop {' '.join(arguments)}", bold=True)
    if code := subprocess.run([*program(), *arguments], check=False).returncode:
        raise ScoreloopError(f"`scoreloop {arguments[0]}` ended with {code}")


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


def _await_serving(settings: Settings) -> None:
    """Until every scorer serves."""
    client = clients.admin(settings.kafka)
    until = time.monotonic() + _PATIENCE_SECONDS
    while [w.state for w in facts(client, settings).services[topics.SCORER].workers] != ["serving"] * WORKERS:
        _look_again(until, "the scorers did not start serving")


def _await_scored(settings: Settings) -> None:
    """Until nothing that was sent waits to be scored."""
    client = clients.admin(settings.kafka)
    until = time.monotonic() + _PATIENCE_SECONDS
    while facts(client, settings).services[topics.SCORER].lag:
        _look_again(until, "the events were not all scored")


def _look_again(until: float, sentence: str) -> None:
    if time.monotonic() > until:
        raise ScoreloopError(f"{sentence} in {_PATIENCE_SECONDS:.0f} s; what `up` said is above")
    time.sleep(_LOOK_SECONDS)


def _report(found: list[Finding], seconds: float) -> None:
    click.echo()
    summary(found, seconds)
    sys.stdout.flush()
    if any(finding.holds is False for finding in found):
        raise ScoreloopError("a check of the demo does not hold; see the summary")
