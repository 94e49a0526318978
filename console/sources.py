"""The options by which `init`, `train` and `feed` are told where their rows come from."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from producers.rows import Rows, SpanError, open_rows, open_synth

Command = Callable[..., Any]

_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option("--csv", "path", type=click.Path(path_type=Path), metavar="FILE",
                 help="A CSV (also .gz) with column names in its first line, or a Parquet file."),
    click.option("--synth", metavar="NAME",
                 help="In place of a file: a generator of river, such as sea, agrawal or friedman."),
    click.option("--rows", "span", metavar="A:B",
                 help="Only these rows, counted from 0, without B; default all (of a generator 0:10000)."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
                 help="What chance depends on: the same seed gives the same rows."),
)  # fmt: skip


def source_options(command: Command, *, required: bool = True) -> Command:
    """Give `command` the options --csv, --synth, --rows and --seed, which become `rows` and `seed`.

    Where no source is `required` and none is given, `rows` is None.
    """

    @wraps(command)
    def with_rows(
        *args: Any, path: Path | None, synth: str | None, span: str | None, seed: int, **options: Any
    ) -> Any:
        without = not (required or path or synth or span)
        rows = None if without else _opened(path, synth, span, seed)
        return command(*args, rows=rows, seed=seed, **options)

    decorated: Command = with_rows
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _opened(path: Path | None, synth: str | None, span: str | None, seed: int) -> Rows:
    try:
        match path, synth:
            case Path(), None:
                from rich.console import Console

                with Console(stderr=True).status(f"reading {path.name}"):
                    return open_rows(path, span)
            case None, str():
                return open_synth(synth, span, seed)
            case _:
                raise click.UsageError(
                    "say where the rows come from: --csv FILE or --synth NAME, one of them"
                )
    except SpanError as error:
        raise click.BadParameter(str(error), param_hint="'--rows'") from None
