"""`scoreloop keys`: who may say which version serves."""

from pathlib import Path

import click

from console.key_files import FOLDER, add_public, name_keys, write_private
from console.stream import json_option, print_json
from events.errors import ScoreloopError
from events.settings import load
from events.signatures import Signer

_stream_path = click.argument("path", metavar="STREAM.toml", type=click.Path(path_type=Path, dir_okay=False))

_NEXT = """The private key belongs where the trainer and `train` run; every other host gets the public keys.
Restart the services. What was written unsigned before is refused from now on: make a version anew, with
`train`."""
_ROTATED = """Restart every service but the trainer, then the trainer. What the old key signed is still
trusted; to end that, take its line out of the file of public keys when all that serves is signed anew."""


@click.group()
def keys() -> None:
    """Make the keys by which scorers know whose versions and roles to trust."""


@keys.command(epilog="Example: scoreloop keys init stream.toml")
@_stream_path
@json_option
def init(path: Path, *, as_json: bool) -> None:
    """Make a stream's first key pair, beside stream.toml, and have stream.toml name it.

    \b
    keys/NAME.pem   the private key, readable by its owner alone: signs versions and roles
    keys/NAME.pub   the public keys, one a line: who may have signed them
    """  # noqa: D301 (\b is click's mark for lines kept as they are)
    settings = load(path, {})
    if settings.registry.signing_key or settings.registry.public_keys:
        raise ScoreloopError(f"{path} names keys already; `scoreloop keys rotate {path}` makes a new one")
    private, public = (path.parent / FOLDER / f"{settings.name}.{ending}" for ending in ("pem", "pub"))
    if private.exists() or public.exists():
        raise ScoreloopError(f"{private} or {public.name} is there already, and {path} does not name it")
    signer, pem = Signer.new(settings.name)
    write_private(private, pem)
    add_public(public, signer.public_key)
    lines = {
        "signing_key": f'"{FOLDER}/{private.name}"',
        "public_keys": f'["{FOLDER}/{public.name}"]',
    }
    named = name_keys(path, lines)
    _tell(signer, private, public, as_json=as_json)
    if not named:
        stated = "".join(f"\n{key} = {value}" for key, value in lines.items())
        raise ScoreloopError(f"the keys are made; say in the [registry] of {path}:{stated}")
    if not as_json:
        click.echo(_NEXT)


@keys.command(epilog="Example: scoreloop keys rotate stream.toml")
@_stream_path
@json_option
def rotate(path: Path, *, as_json: bool) -> None:
    """Sign with a new key from now on; what the old one signed stays trusted."""
    settings = load(path, {})
    public = path.parent / FOLDER / f"{settings.name}.pub"
    if settings.registry.signing_key is None or not public.exists():
        raise ScoreloopError(f"{path} has no keys that `scoreloop keys init` made")
    signer, pem = Signer.new(settings.name)
    add_public(public, signer.public_key)  # first: who is killed in between has a key too many, and no harm
    write_private(private := Path(settings.registry.signing_key), pem)
    _tell(signer, private, public, as_json=as_json)
    if not as_json:
        click.echo(_ROTATED)


def _tell(signer: Signer, private: Path, public: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"public_key": signer.public_key, "signing_key": str(private), "public_keys": str(public)})
    else:
        click.echo(f"{private}: the private key\n{public}: the public key {signer.public_key}")
