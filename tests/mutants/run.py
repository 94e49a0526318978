"""`make mutants`: plants each bug of the table in a copy of the tree, and sees a test turn red.

The work tree is never touched. The tests run in the copy with this interpreter, one broker for all, and are
green there before anything is planted. Exits 1 if a bug survives, or its old text is no longer there.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import click
from table import MUTATIONS, Mutation

from ops.broker import cluster

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 15
"""How long a test waits in vain: what is green without a bug is so well within it."""
_RUN_SECONDS = 180
_GREEN, _RED = 0, 1

_CONFTEST = """
import pytest
from events.settings import Kafka

@pytest.fixture(scope="session")
def kafka():
    return Kafka(bootstrap_servers={servers!r})
"""
"""The copy's: its tests find a broker that runs already."""


class BrokenMutantError(Exception):
    """A bug could not be tried: what stands in the table must be mended."""


class Tried(NamedTuple):
    """What a bug came to; `red` is empty where it survived."""

    mutation: Mutation
    red: str
    seconds: float


def main(wanted: list[str]) -> int:
    """Try the bugs whose names have one of the words `wanted`, or all; the exit code."""
    chosen = [m for m in MUTATIONS if not wanted or any(word in m.name for word in wanted)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        planted = [(mutation, _planted(tree, mutation)) for mutation in chosen]
        with _broker(Path(folder) / "broker") as servers:
            (tree / "tests/broker/conftest.py").write_text(_CONFTEST.format(servers=servers))
            _see_green(tree, chosen)
            tried = [_try(tree, mutation, text) for mutation, text in planted]
    _print(tried, time.monotonic() - began)
    return int(not chosen or any(not one.red for one in tried))


def _copy(tree: Path) -> None:
    """The files of the work tree that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (source := ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, tree / name)
    patience = "PATIENCE_SECONDS = "
    streams = tree / "tests/streams.py"
    streams.write_text(re.sub(rf"(?m)^{patience}.*$", f"{patience}{PATIENCE_SECONDS}.0", streams.read_text()))


def _planted(tree: Path, mutation: Mutation) -> str:
    """The mutated file's text."""
    text = (tree / mutation.file).read_text(encoding="utf-8")
    if (count := text.count(mutation.old)) != 1:
        where = f"{mutation.file} {count} times, and must be there once"
        raise BrokenMutantError(f"{mutation.name}: its old text is in {where}:\n{mutation.old}")
    return text.replace(mutation.old, mutation.new)


def _see_green(tree: Path, mutations: list[Mutation]) -> None:
    """The tests are green in the copy, and it is the copy's modules that they import."""
    for file in sorted({mutation.file for mutation in mutations}):
        module = file.removesuffix(".py").replace("/", ".")
        code = f"import {module} as m; print(m.__file__)"
        _, printed = _run(tree, "-c", code)
        if Path(printed.strip().splitlines()[-1]) != tree / file:
            raise BrokenMutantError(f"{module} is not imported from the copy but as {printed.strip()}")
    code, printed = _pytest(tree, sorted({test for mutation in mutations for test in mutation.tests}))
    if code != _GREEN:
        raise BrokenMutantError(f"the tests are not green without a bug:\n{printed}")


def _try(tree: Path, mutation: Mutation, text: str) -> Tried:
    file, began = tree / mutation.file, time.monotonic()
    sound = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        code, printed = _pytest(tree, mutation.tests)
    finally:
        file.write_text(sound, encoding="utf-8")
    failed = re.search(r"^FAILED tests/(\w+)/\S+?::test_(\S+)(?: - (.*))?$", printed, re.MULTILINE)
    if code not in {_GREEN, _RED} or (code == _RED and failed is None):
        raise BrokenMutantError(f"{mutation.name}: no test could be run:\n{printed}")
    tried = Tried(mutation, "" if failed is None else _said(*failed.groups()), time.monotonic() - began)
    click.echo(f"{mutation.name}: {tried.red or 'SURVIVED'}", err=True)
    return tried


def _said(kind: str, test: str, message: str | None) -> str:
    """What turned red: a finding of `verify`, or a test."""
    found = re.search(r"verify: [^;]*", message or "")
    return found[0] if found else f"{kind} test: {test.replace('_', ' ')}"


def _pytest(tree: Path, tests: Iterable[str]) -> tuple[int, str]:
    folder = tree.parent / "runs"
    return _run(
        tree,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        f"--basetemp={folder}",
        *tests,
    )


def _run(tree: Path, *arguments: str) -> tuple[int, str]:
    """Python in the copy: its exit code and what it printed; nothing that it started outlives it."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),  # before the editable install, which leads to the work tree
        "PYTHONDONTWRITEBYTECODE": "1",  # a file that is changed twice in a second looks the same
        "COLUMNS": "500",
    }
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=tree, env=environment, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            printed, _ = process.communicate(timeout=_RUN_SECONDS)
        except subprocess.TimeoutExpired:
            raise BrokenMutantError(f"{arguments} did not end in {_RUN_SECONDS} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, printed


@contextmanager
def _broker(data: Path) -> Iterator[str]:
    """A broker of this run's own."""
    facts = cluster.start(data, port=0, say=lambda _: None)
    try:
        yield facts.bootstrap_servers or ""
    finally:
        cluster.stop(data, say=lambda _: None)


def _print(tried: list[Tried], seconds: float) -> None:
    click.echo("| planted bug | file | turned red | s |\n| --- | --- | --- | --- |")
    for mutation, red, spent in tried:
        click.echo(f"| {mutation.name} | {mutation.file} | {red or 'NOTHING: it survived'} | {spent:.0f} |")
    found = sum(bool(one.red) for one in tried)
    click.echo(f"\n{found} of {len(tried)} bugs found in {seconds:.0f} s")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenMutantError as error:
        sys.exit(f"make mutants: {error}")
