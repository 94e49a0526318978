"""`scoreloop init`: a `stream.toml` from a file of past events."""

import re
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from console.durations import DurationType
from console.progress import progress
from console.sources import source_options
from console.stream import json_option, print_json
from events.errors import ScoreloopError
from events.schema import label_key
from events.settings import DEFAULT_BOOTSTRAP, load
from producers.rows import Rows

if TYPE_CHECKING:
    from producers.infer import Findings

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")

_EXAMPLES = """\b
Examples:
  scoreloop init --csv history.csv --label fraud --name payments
  scoreloop init --csv prices.parquet --label price --name prices --horizon 7d --window 1d
  scoreloop init --synth sea --name sea
"""


class NameType(click.ParamType[str]):
    """A stream's name, as the contract has it."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        if not _NAME.fullmatch(value):
            self.fail(
                f"{value!r} is no stream's name: a small letter, then up to 62 of a-z, 0-9 and -",
                param,
                ctx,
            )
        return str(value)


@click.command(epilog=_EXAMPLES)
@source_options
@click.option("--label", metavar="COLUMN", help="The column that holds what each event turned out to be.")
@click.option(
    "--name", type=NameType(), required=True, help="The stream's name, of which its topics are named."
)
@click.option("--task", type=click.Choice(["classification", "regression"]),
              help="Default: regression for a label that is fractional or has over 20 values.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), default="stream.toml", show_default=True)
@click.option("--bootstrap", default=DEFAULT_BOOTSTRAP, show_default=True, metavar="HOST:PORT")
@click.option("--horizon", type=DurationType(), default="24h", show_default=True, metavar="D",
              help="How long an event waits for its label, in event time.")  # fmt: skip
@click.option("--window", type=DurationType(), default="1h", show_default=True, metavar="D",
              help="The range of event time over which figures are computed.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
def init(
    rows: Rows,
    seed: int,  # noqa: ARG001 (a generator's rows have used it)
    label: str | None,
    name: str,
    task: Literal["classification", "regression"] | None,
    output: Path,
    bootstrap: str,
    horizon: int,
    window: int,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write a stream.toml that fits a file of past events, after reading all of it. Needs no broker."""
    from producers.infer import infer
    from producers.stream_toml import Choices, stream_toml
    from producers.synth_rows import LABEL

    if label is None and rows.path is not None:
        raise click.UsageError(f"say which column is the label: --label COLUMN, of {', '.join(rows.columns)}")
    if output.exists() and not force:
        raise ScoreloopError(
            f"{output}: is there already; write over it with --force, or elsewhere with --output"
        )
    with progress(f"reading {rows.name}", len(rows)) as tell:
        findings = infer(rows, label or LABEL, task, tell)
    _write(output, stream_toml(findings, Choices(name, bootstrap, horizon, window)))
    commands = _next_commands(output, rows)
    if as_json:
        print_json({**_facts(findings), "output": str(output), "next": commands})
    else:
        click.echo(_sentences(findings, output, commands))


def _write(output: Path, text: str) -> None:
    """Write the file once it has been read back as a stream's settings: what is there is always whole.

    Raises:
        ScoreloopError: it cannot be written, or a choice makes no valid settings.
    """
    draft = output.with_name(f".{output.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        load(draft)
        draft.replace(output)
    except OSError as error:
        raise ScoreloopError(f"{output}: cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)


def _next_commands(output: Path, rows: Rows) -> list[str]:
    source = f"--synth {rows.name}" if rows.path is None else f"--csv {shlex.quote(str(rows.path))}"
    file = shlex.quote(str(output))
    return [f"scoreloop topics create {file}", f"scoreloop train {file} {source}"]


def _facts(findings: "Findings") -> dict[str, Any]:
    return {
        "source": findings.file,
        "rows": findings.rows,
        "task": findings.task,
        "label": findings.label,
        "classes": list(findings.classes) or None,
        "unlabelled": findings.unlabelled,
        "features": {
            name: spec.model_dump(exclude_defaults=True) for name, spec in findings.features.items()
        },
        "left_out": findings.left_out,
    }


def _sentences(findings: "Findings", output: Path, commands: list[str]) -> str:
    kinds = Counter("array" if spec.shape else spec.type for spec in findings.features.values())
    classes = f", one of {', '.join(map(label_key, findings.classes)):.100}" if findings.classes else ""
    gaps = f" ({findings.unlabelled:,} rows have none)" if findings.unlabelled else ""
    lines = [
        f"{findings.file}: {findings.rows:,} rows",
        f"  task: {findings.task}",
        f"  label: {findings.label}{classes}{gaps}",
        f"  features: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}",
        *(f"  left out: {name}: {why}" for name, why in findings.left_out.items()),
        f"wrote {output}. Next:",
        *(f"  {command}" for command in commands),
    ]
    return "\n".join(lines)
