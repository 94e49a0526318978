"""`scoreloop models`: the stream's versions, and what the registry holds of them."""

from pathlib import Path
from typing import Any

import click

from console.card import card
from console.durations import DurationType
from console.pending import asked_for
from console.register import register
from console.reproduce import reproduce
from console.stock import Stock, files
from console.stock_files import collected, copied, garbage, restored
from console.stream import json_option, print_json, stream_argument
from console.words import counted, figure, moment
from events.errors import ScoreloopError
from events.settings import Settings

_VERSION = click.IntRange(min=1)
_LEFT_OUT = ("golden", "reference", "signature")
"""Of a version, what is for machines."""

_version = click.argument("version", type=_VERSION)
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def models() -> None:
    """Look at a stream's versions; bring, copy, restore and delete what the registry holds of them."""


models.add_command(card)
models.add_command(register)
models.add_command(reproduce)


@models.command(name="list", epilog="Example: scoreloop models list stream.toml")
@stream_argument
@json_option
def list_(settings: Settings, *, as_json: bool) -> None:
    """List the versions: when each was made, what it does, its error at its gate, and where it is."""
    stock = Stock(settings)
    facts = [stock.facts(version) for version in sorted(stock.view.manifests)]
    if as_json:
        print_json({"versions": facts, "refused": stock.refused})
        return
    for one in facts:
        error, signed = one["metrics"].get("error"), " signed" if one["signature"] else ""
        click.echo(
            f"v{one['version']:<4} {moment(one['created_ts'])} {one['role'] or '-':<10} err {figure(error)} "
            f"{one['estimator']}, {one['artifact_sha256'][:12]} {one['registry']['artifacts']}{signed}"
        )
    for sentence in stock.refused:
        click.echo(f"refused: {sentence}")
    if not facts:
        click.echo("no version yet; `scoreloop train` makes the first")


@models.command(epilog="Example: scoreloop models show stream.toml 7")
@stream_argument
@_version
@json_option
def show(settings: Settings, version: int, *, as_json: bool) -> None:
    """Show all that is known of a version."""
    facts = Stock(settings).facts(version)
    if as_json:
        print_json(facts)
        return
    for name, value in _flat(facts).items():
        click.echo(f"{name:32} {value}")


@models.command(epilog="Example: scoreloop models diff stream.toml 6 7")
@stream_argument
@click.argument("one", type=_VERSION)
@click.argument("other", type=_VERSION)
@json_option
def diff(settings: Settings, one: int, other: int, *, as_json: bool) -> None:
    """Show in what two versions differ."""
    stock = Stock(settings)
    left, right = (_flat(stock.facts(version)) for version in (one, other))
    apart = {
        name: [left.get(name), right.get(name)]
        for name in [*left, *(name for name in right if name not in left)]
        if left.get(name) != right.get(name)
    }
    if as_json:
        print_json(apart)
        return
    for name, (before, after) in apart.items():
        click.echo(f"{name:32} {before} → {after}")


@models.command(epilog="Example: scoreloop models export stream.toml 7 --output backup/v7")
@stream_argument
@_version
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder.")
@json_option
def export(settings: Settings, version: int, output: Path, *, as_json: bool) -> None:
    """Copy a version's artefact, its rows where the registry keeps them, and its manifest into a folder.

    The manifest is byte for byte as it stands in `models`, so its signature holds.
    """
    paths = copied(Stock(settings), version, output)
    _tell(as_json, {"written": [str(path) for path in paths]}, "\n".join(map(str, paths)))


@models.command(epilog="Example: scoreloop models restore stream.toml backup/v7")
@stream_argument
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@json_option
def restore(settings: Settings, folder: Path, *, as_json: bool) -> None:
    """Put files of a folder back into the registry: those whose hash a version names.

    The folder may be what `export` wrote, or any copy of the registry, whatever the files are called. Scorers
    that miss an artefact find it within seconds.
    """
    found = restored(Stock(settings), folder)
    if not found:
        raise ScoreloopError(f"no file in {folder} is an artefact, or the rows, of a version")
    _tell(as_json, {"restored": found}, "\n".join(f"{kind}/{name}" for kind, name in found))


@models.command(epilog="Example: scoreloop models delete stream.toml 3")
@stream_argument
@_version
@_yes
@json_option
def delete(settings: Settings, version: int, *, yes: bool, as_json: bool) -> None:
    """Delete a version's artefact and rows from the registry; its manifest stays, as what it answered does.

    Refused while it serves, or a rollback could go back to it. It cannot serve again unless it is restored.
    """
    stock = Stock(settings)
    if (role := stock.role(version)) is not None:
        raise ScoreloopError(
            f"version {version} is {role}: what serves, or may have to again, is not deleted"
        )
    waits = asked_for(settings, stock.records)
    if waits is not None and waits.version == version:
        raise ScoreloopError(f"version {version} waits for approval: `scoreloop reject` it first")
    others = {
        pair
        for number, manifest in stock.view.manifests.items()
        if number != version
        for pair in files(manifest).items()
    }
    doomed = [one for pair in files(stock.manifest(version)).items() if (one := stock.files.get(pair))]
    shared = [one for one in doomed if (one.kind, one.name) in others]
    if doomed and not yes:
        click.confirm(
            f"Delete version {version}, so that `verify` cannot replay it any more?", abort=True, err=True
        )
    removed = [one for one in doomed if one not in shared and stock.registry.remove(one)]
    facts = {"removed": [f"{one.kind}/{one.name}" for one in removed], "shared": len(shared)}
    kept = f"; {counted(len(shared), 'file is', 'files are')} another version's too" if shared else ""
    _tell(as_json, facts, f"{counted(len(removed), 'file', 'files')} removed{kept}")


@models.command(epilog="Example: scoreloop models gc stream.toml --older-than 7d")
@stream_argument
@click.option("--older-than", "age", type=DurationType(), default="24h", show_default=True,
              help="Leave what is younger: a training may be about to name it.")  # fmt: skip
@_yes
@json_option
def gc(settings: Settings, age: int, *, yes: bool, as_json: bool) -> None:
    """Remove from the registry what no version names: of trainings that were given up, or lost at their gate.

    And what searches found on the way, from which the same search would go on.

    What a decision in `control` names that waits for the trainer is left, too.
    """
    found = garbage(settings, age)
    size = sum(one.size for one in found.files)
    if found.files and not yes:
        click.confirm(
            f"Remove {counted(len(found.files), 'file', 'files')}, {size:,} bytes?", abort=True, err=True
        )
    removed = collected(found)
    facts = {"removed": [f"{one.kind}/{one.name}" for one in removed], "bytes": sum(o.size for o in removed)}
    _tell(as_json, facts, f"{counted(len(removed), 'file', 'files')} removed, {facts['bytes']:,} bytes")


def _flat(facts: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested object as one of dotted names."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.") if name not in _LEFT_OUT else {}
        elif name not in _LEFT_OUT:
            flat[prefix + name] = value
    return flat


def _tell(as_json: bool, facts: dict[str, Any], text: str) -> None:  # noqa: FBT001 (the option's value)
    if as_json:
        print_json(facts)
    else:
        click.echo(text)
