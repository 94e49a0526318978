"""How far long work has come, on standard error: a bar in a terminal, elsewhere a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.progress import TimeRemainingColumn as TimeLeftColumn
from rich.text import Text

_LINE_SECONDS = 5.0

Tell = Callable[[int], None]


@contextmanager
def progress(what: str, total: int) -> Iterator[Tell]:
    """Show how much of `total` is done, as the function that this yields is told."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what, total)
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), _Rate(), TimeLeftColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


def _lines(what: str, total: int) -> Tell:
    began = last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= _LINE_SECONDS:
            last = now
            click.echo(f"{what}: {done:,} of {total:,}, {done / (now - began):,.0f}/s", err=True)

    return tell
