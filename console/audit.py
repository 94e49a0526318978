"""`scoreloop audit`: who decided what, when and why, and whether that was changed since."""

from pathlib import Path

import click

from console.stream import json_option, print_json, stream_argument
from console.trail import ORIGIN, Entry, Stated, trail
from console.words import counted, moment
from events import topics
from events.dead_letters import octets
from events.errors import ScoreloopError
from events.settings import Settings
from transport.reading import read_to_end
from transport.topics import require


@click.command(
    epilog="Example: scoreloop audit stream.toml --keep audit.head; echo $?  # every night, from elsewhere"
)
@stream_argument
@click.option("--expect", metavar="HEAD", help="A head that was printed before: exit 1 unless it still is.")
@click.option("--keep", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Expect the head in FILE, if it is there, and write the new one.")  # fmt: skip
@json_option
def audit(settings: Settings, expect: str | None, keep: Path | None, *, as_json: bool) -> None:
    """Print each decision, version and change of roles: who, what, when, why, and on what evidence.

    Each line's hash covers all lines before it; the last one is the head. Who keeps a head where the stream's
    writers cannot reach it can tell later whether any record up to there was changed, removed or put in:
    docs/models.md says how the hash is made. What `control` no longer has, after its retention of a year,
    changes the hashes.
    """
    lines = entries(settings)
    head = lines[-1].hash if lines else ORIGIN.hex()
    if as_json:
        print_json({"head": head, "entries": [one._asdict() for one in lines]})
    else:
        for one in lines:
            click.echo(_told(one))
        click.echo(f"head {head} of {counted(len(lines), 'line', 'lines')}")
    known = {one.hash for one in lines} | {ORIGIN.hex()}
    for expected in filter(None, (expect, _kept(keep))):
        if expected not in known:
            raise ScoreloopError(
                f"no line has the hash {expected[:64]}: a record that it covers was changed, removed or added"
            )
    if keep is not None:
        _write(keep, head)
    if changed := [one.key for one in lines if one.repeated]:
        raise ScoreloopError(f"{', '.join(changed[:5])} was written again with another value")


def entries(settings: Settings) -> list[Entry]:
    """The whole trail.

    Raises:
        ScoreloopError: `control` or `models` cannot be read.
    """
    require(settings, topics.CONTROL, topics.MODELS)
    models = [
        Stated(octets(message.key()) or b"", octets(message.value()) or b"", message.timestamp()[1])
        for message in read_to_end(settings.kafka, topics.MODELS.of(settings.name))
    ]
    # After `models`: a decision stands in `control` before its result does.
    control = read_to_end(settings.kafka, topics.CONTROL.of(settings.name))
    return list(trail(models, (octets(message.value()) or b"" for message in control)))


def _told(one: Entry) -> str:
    asked = "" if one.who is None else f" by {one.who}: {one.why}"
    again = " WRITTEN AGAIN" if one.repeated else ""
    return f"{one.hash[:12]} {moment(one.ts)} {one.key}{again}: {one.what}{asked}"


def _kept(path: Path | None) -> str | None:
    if path is None or not path.exists():
        return None
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ScoreloopError(f"{path}: cannot be read: {error}") from None


def _write(path: Path, head: str) -> None:
    try:
        path.write_text(f"{head}\n", encoding="ascii")
    except OSError as error:
        raise ScoreloopError(f"{path}: cannot be written: {error.strerror or error}") from None
