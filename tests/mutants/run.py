"""`make mutants`: plants each bug of the tables in a copy of the tree, and sees a test turn red.

The work tree is never touched, and the tests are green in the copy before anything is planted. Exits 1 if a
bug survives, or its old text is no longer there.
"""

import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

import click
from copies import ROOT, BrokenMutantError, Copy, broker
from explanations import EXPLANATIONS
from table import MUTATIONS, Mutation
from verdicts import VERDICTS

_AT_ONCE = 3
"""Bugs tried beside each other, each in a copy of its own: tests of a broker wait more than they work."""
_GREEN, _RED = 0, 1

Work = TypeVar("Work")
Result = TypeVar("Result")


class Tried(NamedTuple):
    """What a bug came to; `red` is empty where it survived."""

    mutation: Mutation
    red: str
    seconds: float


def main(wanted: list[str]) -> int:
    """Try the bugs whose names have one of the words `wanted`, or all; the exit code.

    Raises:
        BrokenMutantError: the table or a test must be mended.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no broker is left behind
    chosen = [
        m
        for m in (*MUTATIONS, *VERDICTS, *EXPLANATIONS)
        if not wanted or any(word in m.name for word in wanted)
    ]
    began = time.monotonic()
    for mutation in chosen:
        _planted(ROOT, mutation)
    free: SimpleQueue[Copy] = SimpleQueue()

    def in_a_copy(work: Callable[[Copy, Work], Result], one: Work) -> Result:
        copy = free.get()
        try:
            return work(copy, one)
        finally:
            free.put(copy)

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, broker(Path(folder, "kafka")) as servers:
        for i in range(_AT_ONCE):
            free.put(Copy(Path(folder, str(i)), servers))
        in_a_copy(_see_imported, chosen)
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            tests = sorted({test for mutation in chosen for test in mutation.tests})
            list(workers.map(partial(in_a_copy, _see_green), tests))
            results = list(workers.map(partial(in_a_copy, _try), chosen))
    _print(results, time.monotonic() - began)
    return int(not chosen or any(not one.red for one in results))


def _see_imported(copy: Copy, mutations: list[Mutation]) -> None:
    """The copy's modules are those that are imported."""
    for file in sorted({mutation.file for mutation in mutations}):
        module = file.removesuffix(".py").replace("/", ".")
        _, printed = copy.python("-c", f"import {module} as m; print(m.__file__)")
        if Path(printed.strip()) != copy.tree / file:
            raise BrokenMutantError(f"{module} is not imported from the copy but as {printed.strip()}")


def _see_green(copy: Copy, test: str) -> None:
    code, printed = copy.tested([test])
    if code != _GREEN:
        raise BrokenMutantError(f"{test} is not green without a bug:\n{printed}")


def _planted(tree: Path, mutation: Mutation) -> str:
    """The mutated file's text; its old text must be there."""
    text = (tree / mutation.file).read_text(encoding="utf-8")
    for old, new in ((mutation.old, mutation.new), *mutation.also):
        if (count := text.count(old)) != 1:
            raise BrokenMutantError(
                f"{mutation.name}: its old text stands in {mutation.file} {count} times and not once:\n" + old
            )
        text = text.replace(old, new)
    return text


def _try(copy: Copy, mutation: Mutation) -> Tried:
    file, began = copy.tree / mutation.file, time.monotonic()
    sound = file.read_text(encoding="utf-8")
    file.write_text(_planted(copy.tree, mutation), encoding="utf-8")
    try:
        code, printed = copy.tested(mutation.tests)
    finally:
        file.write_text(sound, encoding="utf-8")
    failed = re.search(r"^FAILED tests/(\w+)/\S+?::test_(.*?)(?: - (.*))?$", printed, re.MULTILINE)
    if code not in {_GREEN, _RED} or (code == _RED and failed is None):
        raise BrokenMutantError(f"{mutation.name}: no test could be run:\n{printed}")
    red = "" if failed is None else _said(*failed.groups())
    click.echo(f"{mutation.name}: {red or 'SURVIVED'}", err=True)
    return Tried(mutation, red, time.monotonic() - began)


def _said(kind: str, test: str, message: str | None) -> str:
    """What turned red: a finding of `verify`, or a test."""
    found = re.search(r"verify: [^;]*", message or "")
    return found[0] if found else f"{kind} test: {test.replace('_', ' ')}"


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
